"""Keep the relations of a feature to all classes like those of its class (DTRG)."""

from typing import Any

from keras import ops

from ltzoo.checks import one_of
from ltzoo.losses.discriminative_centroids import squared_distances

FORMS = ("euclidean", "divergence")


def target_relations(
    shares: Any,
    features: Any,
    means: Any,
    directions: Any,
    mean_directions: Any,
    *,
    center_weight: float = 1e-3,
    eta: float = 1.0,
    tau: float = 1.0,
    form: str = "euclidean",
) -> Any:
    """Compute the mean over a batch of sum_c y_ic (center_weight |x_i - M_c|^2 + eta d(M_c, x_i)), a scalar.

    "euclidean": d(m, x) = sum_k (exp(cos(m, M_k) / tau) - exp(cos(x, M_k) / tau))^2
    "divergence": d(m, x) = KL(softmax_k(cos(m, M_k) / tau) || softmax_k(cos(x, M_k) / tau))

    Liu, Chen and Jia, Convolutional Fine-Grained Classification with Self-Supervised Target Relation
    Regularization, IEEE TIP 2022, as in the released AkonLau/DTRG, coding_functions/dtrg.py.

    Args:
        shares: class shares y `[B, C]`; mixed images have two.
        features: x `[B, D]`, at least float32.
        means: the class means M `[C, D]`, constants.
        directions: x / |x| `[B, D]`.
        mean_directions: M / |M| `[C, D]`, constants.
        center_weight: 1e-3 as published.
        eta, tau: 1 and 1 as published; 5 and 0.1 for "divergence".
        form: "euclidean" or "divergence".

    Raises:
        ValueError: `form` is unknown.
    """
    one_of("form", form, FORMS)
    means, units = (
        ops.stop_gradient(ops.cast(ops.convert_to_tensor(values), features.dtype))
        for values in (means, mean_directions)
    )
    shares = ops.cast(shares, features.dtype)
    centers = ops.sum(shares * squared_distances(features, means), axis=1)
    wanted = ops.matmul(units, ops.transpose(units)) / tau
    found = ops.matmul(directions, ops.transpose(units)) / tau
    if form == "euclidean":
        apart = squared_distances(ops.exp(found), ops.exp(wanted))
    else:
        wanted, found = ops.log_softmax(wanted, axis=-1), ops.log_softmax(found, axis=-1)
        apart = ops.sum(ops.exp(wanted) * wanted, axis=1) - ops.matmul(found, ops.transpose(ops.exp(wanted)))
    return ops.mean(center_weight * centers + eta * ops.sum(shares * apart, axis=1))

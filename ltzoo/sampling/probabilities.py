"""Class probabilities of the sampling strategies: how often an image of each class is drawn."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ltzoo.arguments import check, checked
from ltzoo.checks import BelowOne, NonNegative, NonNegativeInt, PositiveInt, one_of, received
from ltzoo.class_counts import ClassCounts, cloud_sizes, effective_number_weights
from ltzoo.registry import Registry, check_names

STRATEGIES = Registry("sampling strategy")
register = STRATEGIES.register


@register
@checked
def instance_balanced(class_counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return p_c = n_c / N, with n_c of the N images in class c: every image is equally likely."""
    return ClassCounts(class_counts).prior


@register
@checked
def class_balanced(class_counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return p_c = 1 / C for C classes: every class is equally likely."""
    num_classes = ClassCounts(class_counts).num_classes
    return np.full(num_classes, 1.0 / num_classes)


@register
@checked
def square_root(class_counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return p_c proportional to sqrt(n_c) (Kang et al., "Decoupling", Section 4.1)."""
    return _normalized(np.sqrt(ClassCounts(class_counts).array))


@register("reversed")
@checked
def reversed_(class_counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return p_c proportional to 1 / n_c, highest for rare classes (Zhou et al., "BBN", Section 4.2)."""
    return _normalized(1.0 / ClassCounts(class_counts).array)


@register
@checked
def effective_number(class_counts: Sequence[int] | np.ndarray, beta: BelowOne = 0.9999) -> np.ndarray:
    """Return p_c proportional to n_c (1 - beta) / (1 - beta^n_c) (Cui et al., "Class-balanced loss", Eq. 2).

    The inverse effective number is the weight of one IMAGE of class c, hence the factor n_c.

    Args:
        class_counts: training images per class n [C], integers of at least 1.
        beta: in [0, 1); 0 gives the instance-balanced probabilities, beta -> 1 the class-balanced ones.
    """
    counts = ClassCounts(class_counts)
    return _normalized(counts.array * effective_number_weights(counts, beta, normalize=False))


@register
@checked
def cben(
    class_counts: Sequence[int] | np.ndarray,
    base: BelowOne = 0.999,
    width: NonNegative = 0.0009,
    precision: str = "float64",
) -> np.ndarray:
    """Return the class-based effective number probabilities (GCL, Eq. 13 and 14), with one beta per class.

    beta_c = base + width * delta_c, with delta_c the cloud size of class c scaled to [0, 1], and p_c proportional to
    n_c (1 - beta_c) / (1 - beta_c^n_c). The weight belongs to one image, as in the published sampler. Balanced counts
    have cloud sizes of 0, where the published code divides 0 by 0; all classes then have equal probabilities.

    Args:
        class_counts: training images per class n [C], integers of at least 1.
        base, width: the defaults are the paper's, beta in [0.999, 0.9999]. The published code uses base=0.9999 and
            width=1e-5, which is nearly class-balanced on CIFAR-10-LT.
        precision: "float64", or "float32" to compute beta in float32 as the published code does, which changes
            probabilities by up to 1e-3.
    """
    counts = ClassCounts(class_counts)
    if not base + width < 1:
        raise ValueError(
            "`width` must leave `base` + `width` below 1; the paper has base=0.999, width=0.0009. "
            f"Received: base={base}, width={width}"
        )
    one_of("precision", precision, ("float64", "float32"))
    dtype = np.dtype(precision)
    delta = cloud_sizes(counts).astype(dtype)
    beta = (dtype.type(base) + dtype.type(width) * delta).astype("float64")
    return _normalized(counts.array * effective_number_weights(counts, beta, normalize=False))


@register
@checked
def progressive(
    class_counts: Sequence[int] | np.ndarray,
    epoch: NonNegativeInt,
    num_epochs: PositiveInt,
    schedule: str = "published",
) -> np.ndarray:
    """Move linearly from instance-balanced in the first epoch to class-balanced (Kang et al., Eq. 2).

    p_c = (1 - l) n_c / N + l / C. With t = epoch + 1 = 1 .. T, the published code uses l = (t - 1) / (T - 1), which
    reaches both ends, and the paper writes l = t / T.

    Args:
        class_counts: training images per class n [C], integers of at least 1.
        epoch: epoch number from 0 to num_epochs - 1.
        num_epochs: T, the number of epochs of the stage.
        schedule: "published" or "paper". With "published" and a single epoch, l = 0.
    """
    if epoch >= num_epochs:
        raise ValueError(
            "`epoch` counts from 0 and must be below `num_epochs`. "
            f"Received: epoch={epoch}, num_epochs={num_epochs}"
        )
    one_of("schedule", schedule, ("published", "paper"))
    published = epoch / max(num_epochs - 1, 1)
    mix = published if schedule == "published" else (epoch + 1) / num_epochs
    counts = ClassCounts(class_counts)
    return (1.0 - mix) * instance_balanced(counts) + mix * class_balanced(counts)


@register
@checked
def class_aware(class_counts: Sequence[int] | np.ndarray, samples_per_visit: PositiveInt = 4) -> np.ndarray:
    """Return p_c = 1 / C; the order of the draws, `samples_per_visit` at a time, is in `ltzoo.sampling.cyclic`."""
    return class_balanced(class_counts)


def class_probabilities(
    class_counts: Sequence[int] | np.ndarray, strategy: str, **parameters: Any
) -> np.ndarray:
    """Return the probability that one draw belongs to each class.

    Args:
        class_counts: training images per class [C], integers of at least 1.
        strategy: "instance_balanced", "class_balanced", "square_root", "effective_number" (beta), "cben" (base, width,
            precision), "reversed", "progressive" (epoch, num_epochs, schedule) or "class_aware" (samples_per_visit).
        **parameters: the strategy's parameters, named in brackets above.

    Returns:
        probabilities, float64 [C], positive, with sum 1.

    Raises:
        ValueError: if the strategy is unknown, or a parameter is unknown, missing or out of range.
    """
    check_parameters(strategy, parameters)
    return STRATEGIES.part(strategy)(class_counts, **parameters)


def check_parameters(
    strategy: str, parameters: Mapping[str, Any], given_by_sampler: Sequence[str] = ()
) -> None:
    """Raise a ValueError unless `strategy` exists and `parameters` fit it.

    Args:
        strategy: name of the strategy.
        parameters: its parameters.
        given_by_sampler: names of parameters that the sampler adds later.
    """
    STRATEGIES.check(strategy, "strategy")
    signature = inspect.signature(STRATEGIES.part(strategy))
    known = [entry for entry in list(signature.parameters.values())[1:] if entry.name not in given_by_sampler]
    signature = signature.replace(parameters=known)
    check_names("sampling strategy", strategy, signature, parameters)
    check(signature, parameters, f" for the sampling strategy {strategy!r}")
    missing = [entry.name for entry in known if entry.default is entry.empty and entry.name not in parameters]
    if missing:
        raise ValueError(
            f"`strategy` {strategy!r} needs {', '.join(missing)}. {received('parameters', dict(parameters))}"
        )


def _normalized(weights):
    return weights / weights.sum()

"""RIDE: loss of diverse experts before and after the epoch of re-weighting, and loss of the router.

For expert i with logits z_i = s cos, the margins m_c of LDAM and the mean logits zbar:

    L = sum_i [ CE(z_i - s m_y e_y, y; w) + f mean(T)^2 KL(softmax(zbar / T) || softmax(z_i / T)) ]

w are the weights of the effective number of images, T_c = t psi_c / max psi, psi_c = g n_c / mean(n) + 1 - g. Up to the
epoch of re-weighting w = 1 and T = t. The distribution of zbar is constant in differentiation.

The router of expert k learns whether experts 1 .. k are wrong together while a larger group is right, by binary
cross-entropy with a weight for the positive class; the mean is over k and images.
"""

import numpy as np

from tests.reference_derivations._formulas import (
    cross_entropy,
    effective_number_weights,
    gradient,
    held,
    log_softmax,
    rounded,
)

SOURCE = {
    "repository": "frank-xwang/RIDE-LongTailRecognition",
    "commit": "ab8be5c21124612493aff87c7cf235d950bda178",
    "files": [
        "model/loss.py",
        "model/ldam_drw_resnets/ea_resnet_cifar.py",
        "configs/config_imbalance_cifar100_ride.json",
        "configs/config_imbalance_cifar100_ride_ea.json",
        "configs/config_imagenet_lt_resnext50_ride.json",
        "configs/config_iNaturalist_resnet50_ride.json",
    ],
}
# Defaults of RIDELoss, and what the configurations change.
MAX_MARGIN, SCALE, TEMPERATURE, BETA = 0.5, 30.0, 1.0, 0.9999
DIVERSITY = {"cifar100_lt": -0.45, "imagenet_lt": -0.2, "inaturalist2018": -0.2}
REWEIGHT = {"cifar100_lt": 0.05, "imagenet_lt": 0.02, "inaturalist2018": 0.015}
POSITIVE_WEIGHT = 100.0


def temperatures(counts, reweight):
    share = counts / counts.sum()
    psi = len(counts) * share * reweight + 1.0 - reweight
    return TEMPERATURE * psi / psi.max()


def divergence(z, t):
    mean = held(z).mean(axis=1)
    log_q = log_softmax(mean / t)
    total = 0.0
    for i in range(z.shape[1]):
        log_p = log_softmax(z[:, i] / t)
        total = total + np.sum(np.exp(log_q) * (log_q - log_p)) / len(z)
    return total * np.mean(t) ** 2


def loss(z, labels, counts, factor, t, weights):
    margins = counts**-0.25
    margins = margins * (MAX_MARGIN / margins.max())
    shift = SCALE * margins * (labels[:, None] == np.arange(len(counts)))
    experts = sum(cross_entropy(z[:, i] - shift, labels, weights) for i in range(z.shape[1]))
    return experts + factor * divergence(z, t)


def router(r, helps):
    losses = POSITIVE_WEIGHT * helps * np.log1p(np.exp(-r)) + (1.0 - helps) * np.log1p(np.exp(r))
    return losses.mean()


def derive():
    rng = np.random.RandomState(0)
    counts = np.array([500.0, 120.0, 40.0, 9.0, 3.0])
    labels = np.array([0, 1, 2, 3, 4, 0, 1, 4])
    z = rounded(rng.standard_normal((8, 3, 5)) * 4.0)
    r = rounded(rng.standard_normal((8, 2)) * 2.0)
    case = {"counts": counts.astype("int64"), "targets": labels, "expert_logits": z, "routing_logits": r}
    plain = np.full(5, TEMPERATURE)
    for dataset, factor in DIVERSITY.items():
        t = temperatures(counts, REWEIGHT[dataset])
        case[f"diversity_factor_{dataset}"] = factor
        case[f"temperatures_{dataset}"] = t
        case[f"divergence_{dataset}"] = divergence(z, t)
        for stage, (own, weights) in enumerate(
            ((plain, None), (t, effective_number_weights(counts, BETA))), start=1
        ):

            def total(x, own=own, weights=weights, factor=factor):
                return loss(x, labels, counts, factor, own, weights)

            case[f"loss{stage}_{dataset}"] = total(z)
            case[f"grad{stage}_{dataset}"] = gradient(total, z)
    right = np.stack([z[:, : k + 1].mean(axis=1).argmax(axis=1) == labels for k in range(3)], axis=1)
    helps = np.stack([~right[:, k] & right[:, k + 1 :].any(axis=1) for k in range(2)], axis=1).astype(
        "float64"
    )
    return {
        **case,
        "positive_weight": POSITIVE_WEIGHT,
        "more_experts_help": helps,
        "router_loss": router(r, helps),
        "router_grad": gradient(lambda x: router(x, helps), r),
    }

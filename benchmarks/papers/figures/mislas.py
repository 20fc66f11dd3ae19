"""Figures of MiSLAS (Zhong et al., CVPR 2021; https://arxiv.org/abs/2104.00466)."""

import numpy as np

from benchmarks.papers import measures
from benchmarks.papers.figure import Reading, Trained, figure
from benchmarks.papers.plots import results
from benchmarks.papers.plots.lines import Panel, bars

CIFAR10, CIFAR100 = "resnet32/cifar10_lt/100", "resnet32/cifar100_lt/100"
IMAGENET, PLACES = "resnet50/imagenet_lt", "resnet152/places_lt"


def _reliability(number, title, networks):
    figure(
        "mislas",
        number,
        f"reliability diagrams, {title}",
        networks,
        measures.calibration,
        results.reliability,
    )


_reliability("1", "CIFAR-100 and CIFAR-100-LT, ResNet-32", [
    Trained("balanced, plain", "resnet32/cifar100_lt/1", "cross_entropy"),
    Trained("plain", CIFAR100, "cross_entropy"),
    Trained("cRT", CIFAR100, "crt"),
    Trained("LWS", CIFAR100, "lws"),
])  # fmt: skip
_reliability("4", "mixup and label-aware smoothing, CIFAR-100-LT, ResNet-32", [
    Trained("cRT + mixup", CIFAR100, "crt_mixup"),
    Trained("LWS + mixup", CIFAR100, "lws_mixup"),
    Trained("LWS + mixup + shifted BN", CIFAR100, "lws_mixup_shifted"),
    Trained("MiSLAS", CIFAR100, "mislas"),
])  # fmt: skip
_reliability("7", "CIFAR-10 and CIFAR-10-LT, ResNet-32", [
    Trained("balanced, plain", "resnet32/cifar10_lt/1", "cross_entropy"),
    Trained("plain", CIFAR10, "cross_entropy"),
    Trained("cRT", CIFAR10, "crt"),
    Trained("LWS", CIFAR10, "lws"),
    Trained("MiSLAS", CIFAR10, "mislas"),
])  # fmt: skip
_reliability("8", "ImageNet and ImageNet-LT, ResNet-50", [
    Trained("balanced, plain", "resnet50/imagenet/1", "cross_entropy", "mislas"),
    Trained("plain", IMAGENET, "cross_entropy", "mislas"),
    Trained("cRT", IMAGENET, "crt", "mislas"),
    Trained("LWS", IMAGENET, "lws", "mislas"),
    Trained("MiSLAS", IMAGENET, "mislas", "mislas"),
])  # fmt: skip
_reliability("9", "Places-LT, ResNet-152", [
    Trained("cRT", PLACES, "crt", "mislas"),
    Trained("LWS", PLACES, "lws", "mislas"),
    Trained("cRT + mixup", PLACES, "crt_mixup", "mislas"),
    Trained("LWS + mixup", PLACES, "lws_mixup", "mislas"),
    Trained("MiSLAS", PLACES, "mislas", "mislas"),
])  # fmt: skip

figure(
    "mislas", "2", "norms of the class vectors with and without mixup, ImageNet-LT, ResNet-50",
    [
        Trained("cRT", IMAGENET, "crt", "mislas"),
        Trained("cRT + mixup", IMAGENET, "crt_mixup", "mislas"),
        Trained("LWS", IMAGENET, "lws", "mislas"),
        Trained("LWS + mixup", IMAGENET, "lws_mixup", "mislas"),
    ],
    measures.norms, results.weight_norms,
)  # fmt: skip


def _statistics(reading: Reading) -> dict:
    layers = measures.batch_norms(reading.run.model)
    return {
        **measures.accuracy(reading),
        **{
            name: {
                "mean": measures.numpy(layer.moving_mean),
                "variance": measures.numpy(layer.moving_variance),
            }
            for name, layer in (("first", layers[0]), ("last", layers[-1]))
        },
    }


def _changes(lines, load):
    before, after = (line["numbers"] for line in lines[:2])
    panels = []
    for place in ("first", "last"):
        changed = [
            (
                name,
                np.arange(1, len(after[place][key]) + 1),
                np.subtract(after[place][key], before[place][key]),
            )
            for name, key in (("running mean μ", "mean"), ("running variance σ²", "variance"))
        ]
        panels.append(Panel(f"{place} batch norm", "channel", "change in stage 2", changed))
    return bars(panels, columns=1)


figure(
    "mislas", "6", "change of batch-norm statistics by shift learning, CIFAR-100-LT",
    [
        Trained("BN without shift (as after stage 1)", CIFAR100, "lws_mixup"),
        Trained("BN with shift", CIFAR100, "lws_mixup_shifted"),
    ],
    _statistics, _changes,
)  # fmt: skip

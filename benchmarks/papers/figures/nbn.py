"""Figures of NBN (Bao et al., 2024)."""

import numpy as np

from benchmarks.papers import measures
from benchmarks.papers.attention import attention, attention_pictures
from benchmarks.papers.figure import Reading, Trained, figure, illustration
from benchmarks.papers.plots.lines import Panel, curves, histograms
from ltzoo.layers import NormalizedBatchNormalization, SharedMagnitude
from ltzoo.metrics import feature_strength
from ltzoo.training.features import extract_features

R50 = "resnet50/imagenet_lt"
BASELINE = Trained("Cross Entropy", R50, "cross_entropy", "nbn")
OURS = Trained("NBN (ours)", R50, "nbn_linear", "nbn")
THREE = [
    Trained("balanced data", "resnet50/imagenet/1", "cross_entropy", "nbn"),
    Trained("long-tailed data", R50, "cross_entropy", "nbn"),
    Trained("long-tailed data, NBN", R50, "nbn_linear", "nbn"),
]

figure(
    "nbn", "1", "attention (bright is strong, per map) of channels for a rare and for a frequent class, ImageNet-LT",
    [BASELINE, OURS],
    lambda reading: attention(reading, images=1),
    lambda lines, load: attention_pictures(lines, load, ("frequent", "rare", "all")),
)  # fmt: skip


def _magnitudes(classifier):
    layers = [layer for layer in classifier.backbone.layers if isinstance(layer, SharedMagnitude)]
    return np.array([measures.numpy(layer.magnitude) for layer in layers])


def _watch(load):
    return {"magnitude": _magnitudes}


def _growth(reading: Reading) -> dict:
    values = reading.run.watched("magnitude")
    names = ["g"] if values.shape[1] == 1 else ["g of γ", "g of β"]
    return {**measures.accuracy(reading), "magnitude": dict(zip(names, values.T, strict=True))}


def _magnitude_curves(lines, load):
    found = [
        (f"{line['label']}: {name}", range(1, len(values) + 1), values)
        for line in lines
        for name, values in line["numbers"]["magnitude"].items()
    ]
    return curves([Panel("", "epoch", "magnitude g", found)], integers=True)


figure(
    "nbn", "2", "magnitude g over training, ImageNet-LT",
    [
        Trained("shared by scale and bias", R50, "nbn_linear", "nbn", watch=_watch),
        Trained("one each", R50, "nbn_linear_separate_g", "nbn", watch=_watch),
    ],
    _growth, _magnitude_curves,
)  # fmt: skip
illustration("nbn", "3", "places of NBN in a ResNet", "it is a drawing of the architecture")
figure(
    "nbn", "4", "attention (bright is strong, per map) of channels for a rare class, and of all channels, ImageNet-LT",
    [BASELINE, Trained("Balanced Softmax", R50, "balanced_softmax", "nbn"), OURS],
    lambda reading: attention(reading, images=3),
    lambda lines, load: attention_pictures(lines, load, ("rare", "all")),
)  # fmt: skip


def _last_weights(reading: Reading) -> dict:
    """Return the effective weights of the last batch norm, largest first."""
    model = reading.run.model
    layer = measures.batch_norms(model)[-1]
    if isinstance(layer, NormalizedBatchNormalization):
        shared = next(other for other in model.backbone.layers if isinstance(other, SharedMagnitude))
        weights = measures.numpy(layer.effective_parameters(shared.magnitude)[0])
    else:
        weights = measures.numpy(layer.gamma)
    return {
        **measures.accuracy(reading),
        "largest / mean": weights.max() / np.abs(weights).mean(),
        "weights": np.sort(weights)[::-1],
    }


def _sorted_weights(lines, load):
    found = [(line["label"], np.asarray(line["numbers"]["weights"])) for line in lines]
    x, y = "channel, sorted by weight", "weight γ of the last batch norm"
    whole = [(name, range(len(own)), own) for name, own in found]
    relative = [(name, range(len(own)), own / own.mean()) for name, own in found]
    return curves([Panel("weights", x, y, whole), Panel("divided by their mean", x, f"{y} / mean", relative)])


figure(
    "nbn", "5", "sorted weights of the last batch norm, ImageNet-LT", THREE, _last_weights, _sorted_weights
)


def _strength(reading: Reading) -> dict:
    found = feature_strength(extract_features(reading.run.model, measures.test_of(reading.data)))
    return {
        **measures.accuracy(reading),
        "Var(μ)": found.variance_of_mean,
        "Var(σ)": found.variance_of_spread,
        "mean": found.mean,
        "spread": found.spread,
    }


def _histograms(lines, load):
    panels = []
    for title, key, name in (("mean", "mean", "μ"), ("standard deviation", "spread", "σ")):
        largest = max(max(line["numbers"][key]) for line in lines)
        edges = np.linspace(min(0, *(min(line["numbers"][key]) for line in lines)), largest, 25)
        found = [
            (
                line["label"],
                edges,
                100 * np.histogram(line["numbers"][key], edges)[0] / len(line["numbers"][key]),
            )
            for line in lines
        ]
        panels.append(Panel(f"{title} {name}", f"{name} of the channel", "channels (%)", found))
    return histograms(panels)


figure(
    "nbn", "6", "mean and standard deviation of feature channels, ImageNet-LT", THREE, _strength, _histograms
)

"""Wrong calls from Python raise a ValueError or TypeError that names the argument and what was received."""

import math
import re
import traceback
from pathlib import Path

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import class_counts, data, losses, metrics, models, recipes, sampling, training
from ltzoo.backbones import conversions
from ltzoo.data import augmentation
from ltzoo.heads import registry as heads
from ltzoo.layers import (
    BatchNormalization,
    CAMCalibration,
    GaussianCloud,
    LearnableWeightScaling,
    LowRankUpdate,
    NormalizedDense,
    NormBall,
    PaddedShortcut,
    TokenPooling,
)
from ltzoo.layers.projection_head import ProjectionHead
from ltzoo.training import optimizers
from tests import tiny

ENTRY = "gcl_resnet8_digits_lt"
NAN, INF = math.nan, math.inf
COUNTS = [5, 3]
SHAPE = (8, 8, 1)
PACKAGE = str(Path(ltzoo.__file__).resolve().parent)


def build(**changed):
    arguments = {
        "backbone": "resnet8",
        "recipe": "gcl",
        "class_counts": COUNTS,
        "input_shape": SHAPE,
        **changed,
    }
    return models.build(**arguments)


def recipe(**changed):
    return recipes.get("gcl", **changed)


def schedule(**parameters):
    return training.learning_rates({"name": "constant", "learning_rate": 0.1, **parameters}, 4)


def optimizer(**arguments):
    return optimizers.get(arguments, 0.1)


def sampler(*arguments, **named):
    return sampling.ClassSampler([0, 1], *arguments, **named)


def head(name, **arguments):
    return heads.get({"name": name, **arguments}, 3, class_counts=[5, 3, 2])


def step(name, **arguments):
    return augmentation.get([{"name": name, **arguments}], num_classes=2, class_counts=COUNTS)


def loss_of(loss, classes=3):
    return loss(np.zeros(2, "int32"), np.zeros((2, classes), "float32"))


@pytest.fixture(scope="module")
def model():
    return tiny.model(tiny.recipe("cross_entropy"))


# Argument that the message names -> calls. A call takes the model and an empty folder.
CALLS = {
    "backbone": [
        lambda m, f: build(backbone="resnet9"),
        lambda m, f: build(backbone=5),
        lambda m, f: build(backbone={}),
        lambda m, f: build(backbone={"name": "resnet8", "input_shape": SHAPE}),
    ],
    "width_multiplier": [
        lambda m, f, value=value: build(backbone={"name": "resnet8", "width_multiplier": value})
        for value in ("abc", NAN, INF, -1, 0, True, 1e9)
    ],
    "nope": [
        lambda m, f: build(backbone={"name": "resnet8", "nope": 1}),
        lambda m, f: recipe(cloud={"nope": 1}),
        lambda m, f: recipe(loss={"name": "ldam", "nope": 1}),
        lambda m, f: optimizer(name="sgd", nope=1),
        lambda m, f: optimizer(name="adam", nope=1),
        lambda m, f: schedule(nope=1),
        lambda m, f: head("cosnorm", nope=1),
        lambda m, f: step("cutout", nope=1),
        lambda m, f: sampler("square_root", nope=1),
        lambda m, f: m.export(f / "x", nope=1),
    ],
    "recipe": [lambda m, f, value=value: build(recipe=value) for value in ("gclx", 5, None, {})],
    "class_counts": [
        lambda m, f, value=value: build(class_counts=value)
        for value in (
            "abc", [5, 0], [5, -1], [5, NAN], [5, INF], [5, 2.5], [True, True], [], [5], [[5, 3]], None, 5, {"a": 1}
        )
    ] + [
        lambda m, f, make=make, value=value: make(value)
        for make in (losses.BalancedSoftmax, losses.LDAM, losses.ClassBalancedFocal, losses.Seesaw, GaussianCloud,
                     class_counts.cloud_sizes, class_counts.shot_groups, class_counts.effective_number_weights)
        for value in ("abc", [1, 0], None, [1, NAN])
    ] + [
        lambda m, f, make=make: loss_of(make(COUNTS))
        for make in (losses.LDAM, losses.ClassBalancedFocal, losses.ClassBalancedCrossentropy, losses.BalancedSoftmax)
    ] + [lambda m, f: loss_of(losses.LDAM(COUNTS, beta=0.9))],
    "class_weight": [
        lambda m, f, value=value: losses.Focal(class_weight=value)
        for value in ([1, 0], [1, -1], [1, NAN], [1, INF], np.array([1, NAN]), [], "ab", 5)
    ] + [
        lambda m, f: loss_of(losses.Focal(class_weight=[1.0, 2.0])),
        lambda m, f: loss_of(losses.GaussianCloudedLogit(class_weight=[1.0, 2.0])),
        lambda m, f: loss_of(losses.GaussianCloudedLogit(class_weight=[1.0, 2.0], focal_gamma=1.0)),
    ],
    "input_shape": [
        lambda m, f, value=value: build(input_shape=value)
        for value in ((8, 8), (0, 0, 1), "8x8", (8, 8, NAN), (8, -8, 1), 5, (8, 8, 1.5), (8, 8, None), (True, 8, 1))
    ],
    "mean": [lambda m, f, value=value: build(mean=value) for value in ([0.1, 0.2, 0.3], NAN, "x", INF, [[0.1]])],
    "std": [
        lambda m, f, value=value: build(std=value) for value in (0.0, NAN, -1, [0.1, 0.2], INF, "x", [], np.zeros(1))
    ],
    "seed": [lambda m, f, value=value: build(seed=value) for value in ("x", -1, 2**40, 1.5, NAN, True, None)]
    + [lambda m, f, value=value: sampler(seed=value) for value in ("x", -1, 1.5, NAN)]
    + [lambda m, f: build(backbone={"name": "resnet8", "seed": -1}), lambda m, f: GaussianCloud(COUNTS, seed=-1)],
    "class_names": [lambda m, f, value=value: build(class_names=value) for value in (["a"], ["a", "a"], 5)],
    "epochs": [
        lambda m, f, value=value: recipe(epochs=value)
        for value in (0, (-1, 2), 1.5, NAN, "3", True, [], (1, 2, 3), (1, NAN), {}, (1.0, 1.0), 10**12)
    ],
    "batch_size": [
        lambda m, f, value=value: recipe(batch_size=value) for value in (0, -1, 1.5, NAN, "3", True, None, 10**12)
    ] + [lambda m, f, value=value: sampler(batch_size=value) for value in (0, 1.5, "x")],
    "mixup_alpha": [lambda m, f, value=value: recipe(mixup_alpha=value) for value in (-1, NAN, INF, "1", True, None)],
    "scale": [lambda m, f, value=value: recipe(scale=value) for value in (NAN, 0, -1, "x", True, INF)]
    + [
        lambda m, f, make=make, value=value: make(scale=value)
        for make in (losses.GaussianCloudedLogit, lambda **k: losses.LDAM(COUNTS, **k),
                     lambda **k: NormalizedDense(3, **k), lambda **k: GaussianCloud(COUNTS, **k),
                     lambda **k: CAMCalibration(COUNTS, **k), lambda **k: head("normalized_dense", **k))
        for value in (0, -1, NAN, "x")
    ],
    "batch_norm": [lambda m, f, value=value: recipe(batch_norm=value) for value in ("x", None, 5, ["train"])],
    "augment_on": [lambda m, f, value=value: recipe(augment_on=value) for value in ("x", None, 5)],
    "trainable": [lambda m, f, value=value: recipe(trainable=value) for value in (5, None, [], [5], "al", [""], True)]
    + [
        lambda m, f, value=value: m.set_trainable(value)
        for value in (["nope*"], ["block1_*", "nope*"], [], "nope", 5, None, [5], [""])
    ]
    + [
        lambda m, f, value=value: models.load(ENTRY, weights=None, trainable=value)
        for value in (["stag3_*"], ["stage3_*", "stag2_*"], 5, [], None)
    ],
    "loss": [lambda m, f, value=value: recipe(loss=value) for value in (5, None, "x", {}, [], {"name": "ldan"})],
    "optimizer": [
        lambda m, f, value=value: recipe(optimizer=value)
        for value in (None, 5, "sgd", {"name": "sdg"}, {"name": 5}, {"name": "sgd", "learning_rate": 1})
    ] + [lambda m, f: optimizer(name="sdg"), lambda m, f: optimizers.get(None, 0.1)],
    "momentum": [
        lambda m, f, value=value: recipe(optimizer={"name": "sgd", "momentum": value}) for value in (2, -1, "x", True)
    ]
    + [lambda m, f, value=value: training.SGD(momentum=value) for value in (2, -1, NAN, "x", None)]
    + [
        lambda m, f: training.OrthogonalSGD(momentum=0),
        lambda m, f: BatchNormalization(momentum=2),
        lambda m, f: optimizer(name="rmsprop", momentum="x"),
        lambda m, f: optimizer(name="rmsprop", momentum=NAN),
    ],
    "l2": [lambda m, f, value=value: training.SGD(l2=value) for value in (-1, NAN, "x")],
    "learning_rate_multipliers": [
        lambda m, f, value=value: training.SGD(learning_rate_multipliers=value) for value in (5, "x", {"*": -1})
    ],
    "kernel_rate": [lambda m, f, value=value: training.OrthogonalSGD(kernel_rate=value) for value in (0, NAN, "x")],
    "learning_rate": [lambda m, f, value=value: schedule(learning_rate=value) for value in (-1, NAN, INF, "x", True)]
    + [lambda m, f: recipe(schedule={"name": "constant", "learning_rate": "x"})],
    "warmup_epochs": [lambda m, f, value=value: schedule(warmup_epochs=value) for value in (-1, 1.5, NAN, "x")],
    "period": [lambda m, f, value=value: schedule(name="cosine", period=value) for value in (0, -1, NAN, "x")],
    "schedule": [
        lambda m, f, value=value: training.learning_rates(value, 4)
        for value in (None, 5, {}, {"name": "constant"}, {"name": "multi_step", "learning_rate": 1})
    ],
    "steps_per_epoch": [
        lambda m, f, value=value: training.EpochSchedule([0.1], value) for value in (0, -1, 1.5, "x")
    ],
    "name": [lambda m, f, value=value: recipe(name=value) for value in (5, "", "a/b", None)]
    + [lambda m, f, value=value: build(name=value) for value in (5, ["x"])]
    + [lambda m, f: schedule(name="cosin"), lambda m, f: losses.get("ldan"), lambda m, f: head("dens")],
    "stage1": [lambda m, f, value=value: recipe(stage1=value) for value in (5, "x", {"nope": 1})],
    "overrides": [lambda m, f: recipe(nope=1)],
    "entry_or_path": [lambda m, f, value=value: models.load(value) for value in (None, 5, [], True)],
    "weights": [lambda m, f, value=value: models.load(ENTRY, weights=value) for value in (5, [])],
    "num_classes": [
        lambda m, f, value=value: models.load(ENTRY, weights=None, num_classes=value)
        for value in (0, -1, 1, "7", NAN, 2.5, True)
    ]
    + [lambda m, f, value=value: metrics.BalancedAccuracy(value) for value in (0, -1, "x", NAN)],
    "num_bins": [
        lambda m, f, value=value: metrics.ExpectedCalibrationError(num_bins=value) for value in (0, -1, 1.5, "x")
    ],
    "group": [lambda m, f, value=value: metrics.ShotAccuracy(COUNTS, value) for value in ("x", None, 5)],
    "strategy": [lambda m, f, value=value: sampler(value) for value in ("clas_balanced", None, 5, [])]
    + [lambda m, f, value=value: GaussianCloud(COUNTS, strategy=value) for value in ("lgo", None, 5)],
    "beta": [lambda m, f, value=value: sampler("effective_number", beta=value) for value in (1, -1, NAN, "x")]
    + [lambda m, f, value=value: losses.ClassBalancedFocal(COUNTS, beta=value) for value in (1, -1, NAN, "x")]
    + [lambda m, f, value=value: losses.LDAM(COUNTS, beta=value) for value in (1, -1, NAN, "x")],
    "base": [lambda m, f, value=value: sampler("cben", base=value) for value in (2, -1, NAN, "x")],
    "samples_per_visit": [
        lambda m, f, value=value: sampler("class_aware", samples_per_visit=value) for value in (0, 1.5, "x")
    ],
    "epoch_length": [lambda m, f, value=value: sampler(epoch_length=value) for value in (NAN, 0, -1, "x", 1.5, True)],
    "drop_remainder": [lambda m, f, value=value: sampler(drop_remainder=value) for value in ("x", 5, None)],
    "max_margin": [lambda m, f, value=value: losses.LDAM(COUNTS, max_margin=value) for value in (-1, NAN, "x", None)],
    "from_cosine": [lambda m, f, value=value: losses.LDAM(COUNTS, from_cosine=value) for value in ("x", 5, None)],
    "gamma": [lambda m, f, value=value: losses.Focal(gamma=value) for value in (-1, NAN, INF, "x", True)],
    "label_smoothing": [lambda m, f, value=value: losses.CrossEntropy(value) for value in (-1, 2, NAN, "x")],
    "tau": [lambda m, f, value=value: losses.LogitAdjustment(COUNTS, tau=value) for value in (NAN, "x", None)],
    "exponent": [lambda m, f, value=value: GaussianCloud(COUNTS, exponent=value) for value in (0, NAN, "x")],
    "noise_multiplier": [lambda m, f, value=value: GaussianCloud(COUNTS, value) for value in (-1, NAN, INF, "x")],
    "units": [
        lambda m, f, make=make, value=value: make(value)
        for make in (NormalizedDense, LearnableWeightScaling, ProjectionHead)
        for value in (0, -1, 1.5, NAN, "x", True)
    ],
    "radius": [lambda m, f, value=value: NormBall(value) for value in (0, -1, NAN, "x", None)],
    "rank": [lambda m, f, value=value: LowRankUpdate("ab,bc->ac", (2, 3), value) for value in (0, -1, 1.5, "x")],
    "filters": [lambda m, f, value=value: PaddedShortcut(value) for value in (0, -1, 1.5, "x")],
    "mode": [lambda m, f, value=value: TokenPooling(value) for value in ("x", None, 5)],
    "num_experts": [lambda m, f, value=value: head("experts", num_experts=value) for value in (0, 1.5, "x", 10**9)]
    + [lambda m, f: conversions.convert(m.backbone, [{"name": "experts", "num_experts": 0}])],
    "size": [lambda m, f, value=value: step("cutout", size=value) for value in (0, -1, 1.5, NAN, "x")],
    "padding": [lambda m, f, value=value: step("pad_crop_flip", padding=value) for value in (-1, 1.5, "x", 10**9)],
    "alpha": [lambda m, f, value=value: augmentation.Mixup(value, 2) for value in (0, -1, NAN, INF, "x")]
    + [lambda m, f, value=value: step("cutmix", alpha=value) for value in (0, -1, NAN, "x")],
    "probability": [lambda m, f, value=value: step("cutmix", probability=value) for value in (0, -1, 2, NAN, "x")],
    "magnitude": [lambda m, f, value=value: step("rand_augment", magnitude=value) for value in (-1, 31, NAN, "x")],
    "flip": [lambda m, f, value=value: step("pad_crop_flip", flip=value) for value in ("x", 5)],
    "format": [lambda m, f, value=value: m.export(f / "x", format=value) for value in ("onx", None, 5)],
    "filepath": [lambda m, f, value=value: m.export(value) for value in (None, 5, [])]
    + [lambda m, f: m.export(f / "x.onnx")],
    "top_k": [lambda m, f, value=value: m.export(f / "x", top_k=value) for value in (0, -1, 1.5, "x", True)],
    "checkpoints": [
        lambda m, f, value=value: models.convert_checkpoint(value, m) for value in ({}, [], None, 5, [5], [{}])
    ],
    "layout": [
        lambda m, f: models.convert_checkpoint({"state_dict": {"a": np.zeros(3)}}, m, layout="misla"),
        lambda m, f: models.convert_checkpoint({"state_dict": {"a": np.zeros(3)}}, m, layout=5),
    ],
    "source": [lambda m, f: models.push(f / "missing", f / "out"), lambda m, f: models.push(5, f / "out")],
}  # fmt: skip
NUMBERED = [
    pytest.param(name, call, id=f"{name}-{number}")
    for name, calls in CALLS.items()
    for number, call in enumerate(calls)
]


@pytest.mark.parametrize("name, call", NUMBERED)
def test_wrong_calls_name_the_argument_and_what_was_received(name, call, model, tmp_path):
    with pytest.raises((ValueError, TypeError)) as raised:
        call(model, tmp_path)
    message = str(raised.value)
    assert "`" in message and re.search(rf"`{name}\b", message), message
    assert "Received: " in message, message
    where = traceback.extract_tb(raised.tb)[-1].filename
    assert str(Path(where).resolve()).startswith(PACKAGE), where


def test_the_model_is_unchanged_by_wrong_calls(model):
    patterns = model.trains
    with pytest.raises(ValueError, match="nope"):
        model.set_trainable(["block1_*", "nope*"])
    assert model.trains == patterns


@pytest.mark.parametrize("name", sorted(recipes.names()))
def test_no_number_of_a_recipe_may_be_nan(name):
    content = recipes.get(name).to_dict()
    for place, key in numbers(content):
        kept, place[key] = place[key], NAN
        with pytest.raises(ValueError, match="Received"):
            recipes.Recipe.from_dict(content)
        place[key] = kept
    assert recipes.Recipe.from_dict(content) == recipes.get(name)


def numbers(content):
    """Every dict or list inside plain data, with each key of a number in it."""
    entries = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in list(entries):
        if isinstance(value, (dict, list)):
            yield from numbers(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield content, key


def test_right_calls_stay_right():
    build(
        seed=np.int64(3),
        mean=np.float32(0.5),
        std=[0.25],
        input_shape=[8, 8, 1],
        class_counts=np.array(COUNTS),
    )
    recipe(epochs=np.int64(4), mixup_alpha=1, scale=np.float32(16))
    losses.LDAM(np.array(COUNTS), class_weight=np.array([1.0, 2.0]), scale=np.float64(3))
    assert data.from_arrays(np.zeros((4, 8, 8, 1), "uint8"), [0, 0, 1, 1]).num_classes == 2
    assert isinstance(optimizer(name="adam", beta_1=0.8), keras.optimizers.Adam)

from pathlib import Path

import numpy as np
import pytest

from ltzoo.sampling import class_probabilities

REFERENCE = Path(__file__).parents[1] / "reference"
CODE_CBEN = {"base": 0.9999, "width": 1e-5}


@pytest.fixture(params=["samplers_01", "samplers_02", "samplers_03"])
def case(request):
    with np.load(REFERENCE / f"{request.param}.npz") as data:
        return dict(data)


@pytest.mark.parametrize(
    "weights, strategy, parameters",
    [
        ("w_effective_number", "effective_number", {}),
        ("w_cben_paper", "cben", {}),
        ("w_cben_code_exact", "cben", CODE_CBEN),
        ("w_cben_code_float32", "cben", {**CODE_CBEN, "precision": "float32"}),
    ],
)
def test_weights_belong_to_images(case, weights, strategy, parameters):
    per_image = class_probabilities(case["counts"], strategy, **parameters) / case["counts"]
    ratio = per_image / case[weights]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-10)


def test_cben_beta_is_the_cloud_size_on_a_line(case):
    for name, base, width in (("paper", 0.999, 0.0009), ("code_exact", 0.9999, 1e-5)):
        expected = base + width * case["cloud_size_normalised"]
        np.testing.assert_allclose(case[f"beta_cben_{name}"], expected, rtol=1e-12)
        weight = (1 - expected) / (1 - expected ** case["counts"])
        p = class_probabilities(case["counts"], "cben", base=base, width=width)
        np.testing.assert_allclose(p, case["counts"] * weight / (case["counts"] * weight).sum(), rtol=1e-9)


def test_progressive_equals_the_published_schedule(case):
    epochs = int(case["num_epochs"])
    for epoch in range(epochs):
        p = class_probabilities(case["counts"], "progressive", epoch=epoch, num_epochs=epochs)
        np.testing.assert_allclose(p, case["p_progressive"][epoch], rtol=1e-11)


def test_progressive_schedules_end_class_balanced():
    for schedule in ("published", "paper"):
        last = class_probabilities([8, 1, 1], "progressive", epoch=3, num_epochs=4, schedule=schedule)
        np.testing.assert_allclose(last, 1 / 3)
    paper = class_probabilities([8, 1, 1], "progressive", epoch=0, num_epochs=4, schedule="paper")
    np.testing.assert_allclose(paper, 0.75 * np.array([0.8, 0.1, 0.1]) + 0.25 / 3)
    one = class_probabilities([8, 1, 1], "progressive", epoch=0, num_epochs=1)
    np.testing.assert_allclose(one, [0.8, 0.1, 0.1])


@pytest.mark.parametrize("strategy", ["cben", "effective_number", "square_root", "reversed"])
def test_balanced_counts_give_equal_probabilities(strategy):
    np.testing.assert_allclose(class_probabilities([7, 7, 7, 7], strategy), 0.25, rtol=1e-12)


def test_effective_number_limits():
    counts = [500, 40, 1]
    np.testing.assert_allclose(
        class_probabilities(counts, "effective_number", beta=0.0), np.array(counts) / 541, rtol=1e-12
    )
    near_one = class_probabilities(counts, "effective_number", beta=1 - 1e-12)
    np.testing.assert_allclose(near_one, 1 / 3, rtol=1e-6)


@pytest.mark.parametrize(
    "strategy, parameters, message",
    [
        ("balanced", {}, "instance_balanced.*Received: strategy='balanced'"),
        ("square_root", {"beta": 0.9}, "no argument `beta`.*none"),
        ("cben", {"beta": 0.9}, "base, width, precision"),
        ("cben", {"base": 0.9999, "width": 0.1}, "`base` \\+ `width` below 1"),
        ("cben", {"precision": "float16"}, "Received: precision='float16'"),
        ("effective_number", {"beta": 1.0}, "Received: beta=1.0"),
        ("progressive", {}, "needs epoch, num_epochs"),
        ("progressive", {"epoch": 4, "num_epochs": 4}, "Received: epoch=4, num_epochs=4"),
        ("progressive", {"epoch": 0, "num_epochs": 4, "schedule": "cosine"}, "Received: schedule='cosine'"),
    ],
)
def test_errors_say_what_to_do(strategy, parameters, message):
    with pytest.raises(ValueError, match=message):
        class_probabilities([3, 2, 1], strategy, **parameters)

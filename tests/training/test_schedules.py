"""The learning-rate tables against those of the published training programs."""

from pathlib import Path

import keras
import numpy as np
import pytest

from ltzoo.training import EpochSchedule, learning_rates

RATES = np.load(Path(__file__).parents[1] / "reference" / "lr_schedules.npz")
WARM = {"name": "multi_step", "warmup_epochs": 5}
CASES = {
    "gcl_stage1_200ep": WARM | {"learning_rate": 0.1, "milestones": [160, 180], "factors": [0.1, 0.01]},
    "gcl_stage2_30ep": {"name": "cosine", "learning_rate": 0.002},
    "gcl_places_stage1_90ep": WARM | {"learning_rate": 0.2, "milestones": [60, 80], "factors": [0.1, 0.01]},
    "mislas_imagenet_stage1_180ep": {"name": "cosine", "learning_rate": 0.1},
    "ldam_drw_200ep": WARM | {"learning_rate": 0.1, "milestones": [160, 180], "factors": [1e-2, 1e-4]},
    "nbn_imagenet_90ep": {"name": "cosine", "learning_rate": 0.2},
    "nbn_cifar_warmstep_200ep": {
        "name": "multi_step",
        "learning_rate": 0.1,
        "warmup_epochs": 6,
        "warmup_start": 0.0,
        "milestones": [161, 181],
        "factors": [1e-2, 1e-3],
    },
    "nbn_ride_lr_200ep_tmax90": {"name": "cosine", "learning_rate": 0.1, "period": 90},
    "decoupling_crt_10ep_lr0p2": {"name": "cosine", "learning_rate": 0.2, "shift": 1},
    "decoupling_feat_90ep_lr0p2": {"name": "cosine", "learning_rate": 0.2, "shift": 1},
    "balms_cifar10_if100_lr": {
        "name": "cosine",
        "learning_rate": 0.1,
        "warmup_epochs": 32,
        "warmup_start": 0.05,
        "period": 488,
    },
}


@pytest.mark.parametrize("name", CASES)
def test_published_rates(name):
    expected = RATES[name]
    # Some published programs write pi as 3.1415926.
    np.testing.assert_allclose(learning_rates(CASES[name], len(expected)), expected, rtol=1e-6, atol=1e-8)


def test_constant_and_short_warmup():
    np.testing.assert_array_equal(learning_rates({"learning_rate": 0.1}, 3), [0.1] * 3)
    np.testing.assert_allclose(learning_rates({"learning_rate": 0.1, "warmup_epochs": 1}, 2), [0.1, 0.1])


@pytest.mark.parametrize(
    "schedule, text",
    [
        ({"name": "cosine"}, "learning_rate"),
        ({"name": "exponential", "learning_rate": 0.1}, "name='exponential'"),
        ({"learning_rate": 0.1, "gamma": 2}, "gamma"),
        ({"name": "multi_step", "learning_rate": 0.1, "milestones": [3], "factors": []}, "factors=\\[\\]"),
    ],
)
def test_wrong_schedules_are_named(schedule, text):
    with pytest.raises(ValueError, match=text):
        learning_rates(schedule, 5)


def test_epoch_schedule_reads_the_table_by_step():
    schedule = EpochSchedule([0.3, 0.2, 0.1], steps_per_epoch=4)
    copy = EpochSchedule.from_config(schedule.get_config())
    rates = [float(keras.ops.convert_to_numpy(copy(step))) for step in (0, 3, 4, 11, 12, 1000)]
    np.testing.assert_allclose(rates, [0.3, 0.3, 0.2, 0.1, 0.1, 0.1], rtol=1e-6)


def test_epoch_schedule_needs_steps():
    with pytest.raises(ValueError, match="steps_per_epoch=0"):
        EpochSchedule([0.1], 0)


def test_linear_falls_from_the_peak_to_one_step_above_the_end():
    rates = learning_rates({"name": "linear", "learning_rate": 0.4}, 4)
    np.testing.assert_allclose(rates, [0.4, 0.3, 0.2, 0.1])
    rates = learning_rates(
        {"name": "linear", "learning_rate": 0.4, "warmup_epochs": 2, "end_learning_rate": 0.1}, 5
    )
    np.testing.assert_allclose(rates, [0.2, 0.4, 0.325, 0.25, 0.175])

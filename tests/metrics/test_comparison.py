"""Paired comparison: tests against SciPy's, and verdicts that hold what they promise."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from ltzoo.metrics import common_images, compare
from ltzoo.metrics.comparison import SAME
from ltzoo.metrics.paired_tests import bootstrap_p_value, holm, mcnemar
from ltzoo.metrics.predictions import predictions_from_probabilities
from ltzoo.metrics.result import result_from_probabilities

COUNTS = [200] * 2 + [50] * 4 + [5] * 4


def probabilities_of(labels, skill, noise, rng):
    logits = noise + rng.normal(0, 0.5, noise.shape)
    logits[np.arange(len(labels)), labels] += skill
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def made_up(skills, count=400, seed=0, classes=10, groups=None):
    """Classifiers that find the same images hard."""
    rng = np.random.default_rng(seed)
    labels = np.sort(rng.integers(0, classes, count))
    noise = rng.normal(0, 1.5, (count, classes))
    images = [f"{number}.png" for number in range(count)]
    found = {}
    for number, skill in enumerate(skills):
        probabilities = probabilities_of(labels, skill, noise.copy(), rng)
        found[f"run {number}"] = predictions_from_probabilities(probabilities, labels, images, groups)
    return found


@pytest.mark.parametrize("pair", [(0, 0), (1, 0), (5, 1), (0, 6), (30, 50), (400, 300)])
def test_mcnemar_is_the_exact_binomial_test(pair):
    expected = stats.binomtest(pair[0], sum(pair)).pvalue if sum(pair) else 1.0
    assert mcnemar(*pair) == pytest.approx(expected)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    adjusted = holm([0.01, float("nan"), 0.9])
    assert adjusted[0] == pytest.approx(0.02) and np.isnan(adjusted[1]) and adjusted[2] == pytest.approx(0.9)
    assert holm([0.7, 0.8]) == [1.0, 1.0]


def test_p_value_of_resamples():
    assert bootstrap_p_value(np.ones(99)) == pytest.approx(0.02)
    assert bootstrap_p_value(np.array([-1.0, 1.0, 0.0])) == 1.0


def test_differences_are_those_of_the_measures():
    runs = made_up([1.0, 3.0])
    found = compare(runs, COUNTS)["run 1"]
    labels = runs["run 0"].labels
    for name in ("top1", "balanced", "many", "medium", "few", "macro_f1"):
        values = []
        for run in runs.values():
            certain = np.eye(10)[run.predicted]
            values.append(getattr(result_from_probabilities(certain, labels, COUNTS, resamples=0), name))
        assert found[name].baseline == pytest.approx(values[0], abs=1e-6)
        assert found[name].difference == pytest.approx(values[1] - values[0], abs=1e-6)
        assert found[name].low < found[name].difference < found[name].high
        assert found[name].verdict == "better"
    first, second = (-np.log(run.true_probability).mean() for run in runs.values())
    assert found["nll"].difference == pytest.approx(second - first) and found["nll"].verdict == "better"
    right = [run.predicted == labels for run in runs.values()]
    assert found["top1"].gained == (right[1] & ~right[0]).sum()
    assert found["few"].images == (labels >= 6).sum()
    assert found["few"].lost == (right[0] & ~right[1])[labels >= 6].sum()
    assert np.isnan(found["balanced"].mcnemar_p) and found["top1"].mcnemar_p < 0.05


def test_worse_and_equal_ones_are_named():
    runs = made_up([2.0, 0.5, 2.0])
    found = compare(runs, COUNTS)
    assert found["run 1"]["top1"].verdict == "worse" and found["run 1"]["nll"].verdict == "worse"
    assert found["run 2"]["top1"].verdict == SAME
    same = compare({"a": runs["run 0"], "b": runs["run 0"]}, COUNTS)["b"]
    assert all(row.verdict == SAME and row.difference == 0 and row.p_value == 1 for row in same.values())


def test_pairing_narrows_the_interval():
    runs = made_up([2.0, 2.3], count=1000)
    row = compare(runs, COUNTS)["run 1"]["top1"]
    right = [run.predicted == run.labels for run in runs.values()]
    unpaired = 2 * 1.96 * np.sqrt(sum(part.var() for part in right) / 1000)
    assert row.high - row.low < 0.8 * unpaired


def test_equal_classifiers_are_seldom_told_apart():
    """Of many pairs of equally good classifiers at most 5 % are called different, in each group."""
    wrong = dict.fromkeys(("top1", "few", "balanced", "macro_f1", "nll"), 0)
    for seed in range(200):
        found = compare(made_up([1.5, 1.5], count=120, seed=seed), COUNTS, resamples=200)["run 1"]
        for name in wrong:
            wrong[name] += found[name].verdict != SAME
    assert all(count <= 17 for count in wrong.values()), wrong  # 5 % of 200, and two standard deviations.


def test_few_images_are_never_told_apart():
    labels = np.repeat([0, 1], 20)
    good = predictions_from_probabilities(np.eye(2)[labels], labels)
    bad = np.eye(2)[labels]
    bad[:5] = [0, 1]
    found = compare({"bad": predictions_from_probabilities(bad, labels), "good": good}, [200, 200])["good"]
    assert found["top1"].gained == 5 and found["top1"].verdict == SAME and found["balanced"].verdict == SAME


def test_images_in_another_order_are_paired_by_name():
    runs = made_up([1.0, 3.0])
    run = runs["run 1"]
    order = np.random.default_rng(0).permutation(len(run))
    shuffled = dataclasses.replace(
        run,
        labels=run.labels[order],
        classes=run.classes[order],
        probabilities=run.probabilities[order],
        true_probability=run.true_probability[order],
        images=tuple(run.images[place] for place in order),
    )
    assert compare({**runs, "run 1": shuffled}, COUNTS) == compare(runs, COUNTS)


def test_whole_groups_are_resampled():
    groups = np.arange(400) // 20
    alone = compare(made_up([1.0, 1.6]), COUNTS)["run 1"]["top1"]
    grouped = compare(made_up([1.0, 1.6], groups=groups), COUNTS)["run 1"]["top1"]
    assert np.isnan(grouped.mcnemar_p) and not np.isnan(alone.mcnemar_p)
    assert grouped.difference == alone.difference and grouped.low != alone.low


def test_without_counts_there_are_no_groups():
    found = compare(made_up([1.0, 3.0]))["run 1"]
    assert np.isnan(found["few"].difference) and found["few"].verdict == SAME
    assert found["top1"].verdict == "better"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"images": None}, "name their images"),
        (
            {"images": tuple(f"other/{number}.png" for number in range(400))},
            "measured on others. Received: '0.png'",
        ),
        ({"images": ("0.png",) * 400}, "measured on others"),
        ({"labels": np.zeros(400, "int64")}, "Received: labels"),
    ],
)
def test_other_images_are_refused(change, message):
    runs = made_up([1.0, 3.0])
    with pytest.raises(ValueError, match=message):
        compare({**runs, "run 1": dataclasses.replace(runs["run 1"], **change)}, COUNTS)


def test_numbers_of_images_and_runs_are_checked():
    runs = made_up([1.0, 3.0])
    with pytest.raises(ValueError, match="Received: 400 images and 100"):
        compare({"a": runs["run 0"], "b": made_up([1.0], count=100)["run 0"]})
    with pytest.raises(ValueError, match="two classifiers or more. Received: 1"):
        compare({"a": runs["run 0"]})


def test_common_images_keep_the_order_of_the_first_run():
    first, second = made_up([1.0, 3.0], count=6).values()
    part = second.at(np.array([4, 1]))
    found = common_images({"all": first, "part": part})
    assert found["all"].images == found["part"].images == ("1.png", "4.png")
    assert found["all"].labels.tolist() == first.labels[[1, 4]].tolist() == found["part"].labels.tolist()
    assert found["part"].true_probability.tolist() == second.true_probability[[1, 4]].tolist()
    for wrong, words in (
        ({"images": None}, "name their images"),
        ({"images": ("1.png", "1.png")}, "each image once"),
        ({"images": ("8.png", "9.png")}, "in common"),
    ):
        with pytest.raises(ValueError, match=f"`runs` must .*{words}.*Received"):
            common_images({"all": first, "part": dataclasses.replace(part, **wrong)})

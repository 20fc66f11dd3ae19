"""Suspicious labels: planted ones are found, right ones are not suspected."""

import sys
import types

import numpy as np
import pytest

from ltzoo.data.auditing import labels as module
from ltzoo.data.auditing.audit import audit
from ltzoo.data.auditing.images import ImageList
from ltzoo.data.auditing.labels import out_of_sample, suspicious_labels
from ltzoo.data.folders import LeftOut
from tests.data.auditing.pictures import SHAPES, shape, write


def clusters(counts, seed=0, dimensions=40, spread=1.0):
    """Features around a center per class, positive as those of a network, and labels."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    centers = rng.normal(0, 2, (len(counts), dimensions))
    features = centers[labels] + spread * rng.normal(size=(len(labels), dimensions))
    return np.maximum(features + 3, 0).astype("float32"), labels


def image_list(labels, classes):
    count = len(labels)
    paths = [f"/r/{p}.png" for p in range(count)]
    names = tuple(f"class{label}" for label in range(classes))
    return ImageList("/r", paths, np.zeros(count, np.int8), np.asarray(labels), names, LeftOut(), paths)


def suspected(features, labels, classes):
    count = len(labels)
    found = suspicious_labels(image_list(labels, classes), np.arange(count), features, np.arange(count))
    return [finding.images[0] for finding in found], found


@pytest.mark.parametrize("counts", [(40, 40, 40), (200, 30, 8), (20,) * 12, (60, 60)])
def test_planted_wrong_labels_are_found_and_right_ones_are_not(counts):
    features, labels = clusters(counts)
    rng = np.random.default_rng(1)
    wrong = rng.choice(len(labels), 6, replace=False)
    given = labels.copy()
    given[wrong] = (labels[wrong] + 1) % len(counts)
    found, findings = suspected(features, given, len(counts))
    assert set(found) <= set(wrong.tolist()) and len(found) >= 5
    first = findings[0]
    assert first.facts["predicted"] == f"class{labels[first.images[0]]}"
    assert first.facts["given"] == f"class{given[first.images[0]]}"
    assert 0 <= first.facts["given_probability"] < first.facts["predicted_probability"] <= 1
    scores = [finding.score for finding in findings]
    assert scores == sorted(scores, reverse=True) and min(scores) >= module.MARGIN + np.log(len(counts) - 1)


@pytest.mark.parametrize("seed", range(5))
def test_right_labels_are_not_suspected(seed):
    features, labels = clusters((60, 30, 10, 10), seed)
    assert suspected(features, labels, 4)[0] == []


@pytest.mark.parametrize("seed", range(3))
def test_classes_that_cannot_be_told_apart_are_not_suspected(seed):
    rng = np.random.default_rng(seed)
    features = np.abs(rng.normal(size=(200, 40))).astype("float32")
    assert suspected(features, rng.integers(0, 4, 200), 4)[0] == []


def test_images_are_judged_by_others_only():
    features, labels = clusters((30, 30))
    changed = features.copy()
    changed[7] = features[40]
    ones = out_of_sample(features, labels, np.arange(60), 2)
    others = out_of_sample(changed, labels, np.arange(60), 2)
    assert ones[7].argmax() == 0 and others[7].argmax() == 1
    np.testing.assert_allclose(np.exp(ones).sum(axis=1), 1, rtol=1e-5)


def test_images_are_not_judged_by_others_of_their_group():
    features, labels = clusters((30, 30))
    changed = features.copy()
    changed[7] = features[40]  # An image of class 1 that is labeled 0, with 9 copies.
    changed[8:17] = features[40]
    alone = out_of_sample(changed, labels, np.arange(60), 2)
    together = out_of_sample(changed, labels, np.where(np.arange(60) // 10 == 0, 7, np.arange(60)), 2)
    assert together[7, 1] > alone[7, 1]


def test_a_class_of_one_image_is_not_judged():
    features, labels = clusters((40, 40, 1))
    log_probabilities = out_of_sample(features, labels, np.arange(81), 3)
    np.testing.assert_allclose(np.exp(log_probabilities[80]), 1 / 3, rtol=1e-5)
    assert 80 not in suspected(features, labels, 3)[0]


def test_classes_without_images_have_no_probability():
    features, labels = clusters((40, 40))
    assert (out_of_sample(features, labels, np.arange(80), 5)[:, 2:] == -np.inf).all()


def test_few_images_or_one_class_are_not_judged():
    features, labels = clusters((9, 9))
    assert suspected(features, labels, 2)[0] == []
    features, labels = clusters((40,))
    assert suspected(features, labels, 1)[0] == []


def test_features_without_any_difference_do_not_fail():
    found = out_of_sample(np.ones((40, 8), "float32"), np.repeat([0, 1], 20), np.arange(40), 2)
    assert np.isfinite(found).all()
    assert suspected(np.zeros((40, 8), "float32"), np.repeat([0, 1], 20), 2)[0] == []


def test_all_images_in_one_group_do_not_fail():
    features, labels = clusters((20, 20))
    found = out_of_sample(features, labels, np.zeros(40, int), 2)
    np.testing.assert_allclose(np.exp(found), 0.5)


@pytest.fixture
def cleanlab(monkeypatch):
    """A stand-in for the library; `answer` is what its function returns or raises."""
    seen = {}

    def find_label_issues(labels, pred_probs, n_jobs=None):
        seen.update(labels=labels, pred_probs=pred_probs, n_jobs=n_jobs)
        if isinstance(seen.get("answer"), Exception):
            raise seen["answer"]
        return pred_probs[np.arange(len(labels)), labels] < 0.5

    package, part = types.ModuleType("cleanlab"), types.ModuleType("cleanlab.filter")
    package.__spec__ = types.SimpleNamespace()
    part.find_label_issues = find_label_issues
    monkeypatch.setitem(sys.modules, "cleanlab", package)
    monkeypatch.setitem(sys.modules, "cleanlab.filter", part)
    return seen


def test_cleanlab_is_asked_when_it_is_installed(cleanlab):
    features, labels = clusters((30, 30, 30))
    given = np.where(np.arange(90) == 3, 2, labels)
    (finding,) = suspected(features, given, 6)[1]
    assert finding.facts["cleanlab"] is True
    assert cleanlab["pred_probs"].shape == (90, 3) and cleanlab["n_jobs"] == 1  # Classes that have images.
    np.testing.assert_allclose(cleanlab["pred_probs"].sum(axis=1), 1, rtol=1e-5)
    assert cleanlab["labels"].tolist() == given.tolist()


def test_an_audit_goes_on_where_cleanlab_fails(cleanlab):
    cleanlab["answer"] = ValueError("too few images")
    features, labels = clusters((30, 30, 30))
    (finding,) = suspected(features, np.where(np.arange(90) == 3, 2, labels), 3)[1]
    assert "cleanlab" not in finding.facts


def test_the_library_itself(monkeypatch):
    pytest.importorskip("cleanlab")
    features, labels = clusters((30, 30, 30))
    (finding,) = suspected(features, np.where(np.arange(90) == 3, 2, labels), 3)[1]
    assert finding.facts["cleanlab"] is True


def test_planted_labels_of_drawings_are_found_by_the_pretrained_network(tmp_path):
    folder = tmp_path / "p"
    for number, kind in enumerate(SHAPES):
        write(folder, {kind: 18}, number, lambda rng, kind=kind: shape(kind, rng))
    wrong = set()
    for kind, other in zip(SHAPES, SHAPES[1:] + SHAPES[:1], strict=True):
        (folder / kind / f"{kind}5.png").rename(folder / other / f"{kind}5.png")
        wrong.add(f"{other}/{kind}5.png")
    found = audit(folder)
    names = {found.images.name(finding.images[0]) for finding in found.of("suspicious_label")}
    assert found.compared == 72
    assert len(names & wrong) >= 3 and len(names - wrong) <= 1

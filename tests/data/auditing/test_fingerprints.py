"""Fingerprints: turning an image moves their numbers, and all similar pairs are found."""

import numpy as np
import pytest

from ltzoo.data.auditing import fingerprints as module
from ltzoo.data.auditing.fingerprints import TURNS, fingerprints, similar_pairs, turned
from tests.data.auditing.pictures import picture


def thumbnails(count, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([np.asarray(picture(rng, 32, 32).convert("L")) for _ in range(count)])


@pytest.mark.parametrize("count", [8, 40])
@pytest.mark.parametrize("frequencies", [8, 16])
def test_they_have_unit_length(count, frequencies):
    rows = fingerprints(thumbnails(count), frequencies)
    assert rows.shape == (count, frequencies**2) and rows.dtype == np.float32
    np.testing.assert_allclose(np.square(rows).sum(axis=1), 1, rtol=1e-5)


def test_brightness_and_contrast_change_nothing():
    pictures = thumbnails(30).astype("float32")
    rows = fingerprints(np.clip(pictures * 0.5, 0, 255).astype("uint8"))
    others = fingerprints(np.clip(pictures * 0.5 + 60, 0, 255).astype("uint8"))
    assert (rows * others).sum(axis=1).min() > 0.999


def test_images_of_one_color_have_none():
    pictures = thumbnails(3)
    pictures[1] = 77
    rows = fingerprints(pictures)
    assert rows[0].any() and not rows[1].any() and rows[2].any()
    assert not similar_pairs(np.stack([rows[1]] * 5), 0.9).first.size
    assert fingerprints(pictures[:0]).shape == (0, 64)


@pytest.mark.parametrize(
    "name, turning",
    [
        ("", lambda a: a),
        ("mirrored", np.fliplr),
        ("upside down and mirrored", np.flipud),
        ("upside down", lambda a: np.rot90(a, 2)),
        ("transposed", np.transpose),
        ("turned by 90°", lambda a: np.rot90(a, -1)),
        ("turned by 270°", lambda a: np.rot90(a)),
        ("transposed and upside down", lambda a: np.rot90(a, 2).T),
    ],
)
def test_names_of_turns(name, turning):
    pictures = thumbnails(40)
    rows = fingerprints(np.concatenate([pictures, turning(pictures[3])[None]]))
    pairs = similar_pairs(rows, 0.98)
    assert [TURNS[turn] for turn in pairs.turn] == [name]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("block, columns", [(256, 16_384), (7, 11)])
def test_all_pairs_are_those_of_a_comparison_one_by_one(monkeypatch, seed, block, columns):
    monkeypatch.setattr(module, "_BLOCK", block)
    monkeypatch.setattr(module, "_COLUMNS", columns)
    monkeypatch.setattr(module, "_KEPT", 1000)
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(60, 64)).astype("float32")
    rows[30:] = rows[:30] + 0.3 * rng.normal(size=(30, 64)).astype("float32")
    rows[45:] = turned(rows[45:], 5)
    rows /= np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    expected = {}
    for first in range(60):
        for second in range(first + 1, 60):
            cosines = [float((turned(rows[first : first + 1], t)[0] * rows[second]).sum()) for t in range(8)]
            if max(cosines) >= 0.6:
                expected[first, second] = (max(cosines), int(np.argmax(cosines)))
    pairs = similar_pairs(rows, 0.6)
    found = {(int(a), int(b)): (float(s), int(t)) for a, b, s, t in zip(*pairs, strict=True)}
    assert found.keys() == expected.keys() and len(expected) >= 30
    for pair, (similarity, turn) in expected.items():
        assert found[pair][0] == pytest.approx(similarity, abs=1e-5) and found[pair][1] == turn


def test_images_that_are_all_alike_make_few_pairs():
    rows = np.repeat(fingerprints(thumbnails(1)), 900, axis=0)
    pairs = similar_pairs(rows, 0.9)
    assert len(pairs.first) <= 8 * 900 and (pairs.similarity > 0.999).all()
    assert (np.bincount(pairs.first, minlength=900)[:892] == 8).all()


def test_some_positions_are_as_all_of_them():
    pictures = thumbnails(60)
    chosen = np.arange(0, 60, 2)
    np.testing.assert_allclose(fingerprints(pictures, 8, chosen), fingerprints(pictures[chosen]), atol=1e-6)
    few = fingerprints(pictures, 8, chosen[:3], collection=chosen)
    np.testing.assert_allclose(few, fingerprints(pictures[chosen])[:3], atol=1e-5)


def test_the_mean_of_many_images_is_that_of_some(monkeypatch):
    monkeypatch.setattr(module, "_REFERENCE", 100)
    rows = fingerprints(thumbnails(250))
    monkeypatch.undo()
    assert (rows * fingerprints(thumbnails(250))).sum(axis=1).min() > 0.9

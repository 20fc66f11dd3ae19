"""Fusion: Algorithm 1 against a loop, empty sets, and shares."""

import numpy as np
import pytest
from keras import ops

from ltzoo.techniques import feature_space

RANDOM = np.random.default_rng(2)
PAIRS, PLACES, CHANNELS = 6, 9, 4


def numpy(values):
    return [ops.convert_to_numpy(value) for value in values]


def pairs():
    tail, other = RANDOM.normal(size=(2, PAIRS, PLACES, CHANNELS)).astype("float32")
    tail[:, 2] = other[:, 5] = 0.0
    masks = RANDOM.random((2, PAIRS, PLACES)) < 0.5
    masks[0, :, [0, 2]] = masks[1, :, [1, 5]] = True
    masks[0, 0] = False
    masks[1, 1] = False
    tail[2], masks[0, 2] = 0.0, False
    masks[1, 3] = np.arange(PLACES) == 5
    return tail, masks[0], other, masks[1]


def algorithm_1(tail, specific, other, generic, ratio, uniforms, rounding):
    """Lines 14-17 of Algorithm 1 for one pair, as loops."""
    nonzero = [place for place in range(PLACES) if tail[place].any()]
    own = [place for place in nonzero if specific[place]] or nonzero or list(range(PLACES))
    theirs = [place for place in range(PLACES) if generic[place] and other[place].any()]
    number = {"floor": np.floor, "ceil": np.ceil}[rounding](ratio * PLACES) if theirs else PLACES
    rows = []
    for place, uniform in enumerate(uniforms):
        vectors, members = (tail, own) if place < number else (other, theirs)
        rows.append(vectors[members[int(uniform * len(members))]])
    return rows


@pytest.mark.parametrize("rounding", ["floor", "ceil"])
def test_algorithm_1_and_its_empty_sets(rounding):
    given = pairs()
    ratios = np.array([0.5, 0.05, 0.4, 0.7, 0.05, 0.95], "float32")
    uniforms = RANDOM.random((PAIRS, PLACES)).astype("float32")
    uniforms[:, -1] = np.nextafter(np.float32(1), np.float32(0))
    tensors = [ops.convert_to_tensor(x) for x in given]
    sets = feature_space.location_sets(*tensors)
    where = feature_space.draw_fusion(
        *sets, ops.convert_to_tensor(ratios), ops.convert_to_tensor(uniforms), rounding
    )
    fused, locations, from_specific = numpy(
        [feature_space.fuse_at_locations(tensors[0], tensors[2], *where), *where]
    )
    assert from_specific.sum(axis=1).tolist() == (
        [4, 9, 3, 9, 0, 8] if rounding == "floor" else [5, 9, 4, 9, 1, 9]
    )
    expected = [algorithm_1(*row, rounding) for row in zip(*given, ratios, uniforms, strict=True)]
    np.testing.assert_array_equal(fused, expected)
    with pytest.raises(ValueError, match="rounding='round'"):
        feature_space.draw_fusion(*sets, ratios, uniforms, "round")


def test_draws_are_uniform_over_the_set():
    members = np.zeros((1, 200), bool)
    members[0, [3, 50, 51, 199]] = True
    uniforms = ((np.arange(200) + 0.5) / 200)[None].astype("float32")
    ratios = ops.convert_to_tensor(np.array([0.999999], "float32"))
    where, _ = feature_space.draw_fusion(
        ops.convert_to_tensor(members),
        ops.convert_to_tensor(members),
        ratios,
        ops.convert_to_tensor(uniforms),
    )
    found, counts = np.unique(ops.convert_to_numpy(where), return_counts=True)
    assert found.tolist() == [3, 50, 51, 199] and counts.tolist() == [50] * 4


def test_fusion_in_place_keeps_half_precision_and_zeros():
    ratios, uniforms = (
        np.linspace(0, 1, PAIRS, dtype="float32"),
        RANDOM.random((PAIRS, PLACES)).astype("float32"),
    )
    tensors = [ops.convert_to_tensor(x, "float16" if x.dtype != bool else "bool") for x in pairs()]
    fused = feature_space.fuse_per_location(
        *tensors, ops.convert_to_tensor(ratios), ops.convert_to_tensor(uniforms)
    )
    own, theirs, fused = numpy([tensors[0], tensors[2], fused])
    assert fused.dtype == np.float16
    specific, generic = numpy([tensors[1], tensors[3]])
    expected = np.where(
        (uniforms > ratios[:, None])[..., None], own * specific[..., None], theirs * generic[..., None]
    )
    np.testing.assert_array_equal(fused, expected)

"""A whole audit: of folders and datasets, with encoders of any kind, and in plain JSON."""

import json
import os

import numpy as np
import pytest

from ltzoo import data
from ltzoo.data.auditing.audit import _choose, audit
from ltzoo.data.auditing.findings import KINDS
from tests.data.auditing.pictures import SHAPES, shape, write

SERIOUS = {
    "unreadable", "left_out", "exact_duplicates", "near_duplicates", "suspicious_label", "not_trained", "blank",
}  # fmt: skip


def colors(images):
    """Features without a network: a tiny picture of each image."""
    return images[:, ::32, ::32].reshape(len(images), -1).astype("float32")


@pytest.mark.parametrize("seed", range(2))
def test_nothing_serious_is_found_in_clean_images(tmp_path, seed):
    folder = write(tmp_path / "p", {"train/ant": 40, "train/owl": 20, "train/yak": 12, "test/ant": 8}, seed)
    found = audit(folder, encoder=colors, image_size=64)
    assert not {finding.kind for finding in found.findings} & SERIOUS
    assert found.exclusions() == found.exclusions(labels=True) == []


def test_nothing_serious_is_found_in_clean_drawings_by_the_pretrained_network(tmp_path):
    folder = tmp_path / "p"
    for number, kind in enumerate(SHAPES):
        write(folder, {kind: 12}, number, lambda rng, kind=kind: shape(kind, rng))
    found = audit(folder)
    assert found.compared == 48
    assert not {finding.kind for finding in found.findings} & (SERIOUS - {"near_duplicates"})


def test_findings_by_kind(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 3})
    (folder / "ant" / "b.png").write_bytes(b"x")
    found = audit(folder, encoder=None)
    kinds = [finding.kind for finding in found.findings]
    assert kinds == sorted(kinds, key=list(KINDS).index) and "tiny_class" in kinds
    assert [finding.kind for finding in found.of("unreadable")] == ["unreadable"]
    with pytest.raises(ValueError, match="`kind` must be one of"):
        found.of("nothing")
    assert found.compared == 0 and found.seconds > 0


def test_plain_json(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 12, "test/owl": 3})
    (folder / "train" / "ant" / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    told = json.loads(json.dumps(audit(folder, encoder=None).to_dict(), allow_nan=False))
    assert told["images"] == {"train": 13, "val": 0, "test": 3} and told["classes"] == 2
    (unreadable,) = (finding for finding in told["findings"] if finding["kind"] == "unreadable")
    assert os.fsencode(unreadable["paths"][0]) == b"train/ant/\xff.png"
    assert unreadable["splits"] == ["train"] and unreadable["classes"] == ["ant"] and unreadable["reason"]


def test_datasets_are_audited_as_they_are_split(tmp_path):
    folder = write(tmp_path / "p", {"ant": 20, "owl": 20})
    (folder / "ant" / "copy.png").write_bytes((folder / "ant" / "ant3.png").read_bytes())
    dataset = data.from_directory(folder, image_size=(8, 8), validation_fraction=0.3)
    found = data.audit(dataset, encoder=None)
    assert found.images.split_counts() == {"train": len(dataset.train), "val": len(dataset.val), "test": 0}
    (finding,) = found.of("exact_duplicates")
    (entry,) = found.exclusions()
    assert entry.path == found.images.paths[finding.images[1]]
    with pytest.warns(UserWarning, match="left out 1 images"):
        data.from_directory(folder, image_size=(8, 8), exclude=[entry.path])


def test_no_more_images_than_asked_for_have_features(tmp_path):
    folder = write(tmp_path / "p", {"ant": 30, "owl": 6})
    seen = []

    def encode(images):
        seen.append(len(images))
        return colors(images)

    assert audit(folder, encoder=encode, feature_images=20).compared == sum(seen) <= 20
    assert audit(folder, encoder=encode).compared == 36


@pytest.mark.parametrize("most", [1, 3, 7, 10, 11, 100])
def test_each_class_gives_an_equal_number(most):
    labels = np.repeat([0, 1, 3], [50, 4, 1])
    chosen = _choose(labels, most, 0)
    if most >= 55:
        assert chosen is None
    else:
        counts = np.bincount(labels[chosen], minlength=4)
        assert counts.sum() <= most and counts[1] == min(4, counts[0]) and counts[3] == min(1, counts[0])
        assert (_choose(labels, most, 0) == chosen).all()


@pytest.mark.parametrize(
    "encode",
    [
        lambda images: np.zeros((1, 4)),
        lambda images: images.astype("float32"),
        lambda images: np.full((len(images), 4), np.nan),
        lambda images: np.zeros(len(images)),
    ],
)
def test_encoders_that_return_no_features(tmp_path, encode):
    with pytest.raises(ValueError, match=r"`encoder` must return finite features \[n, D\]"):
        audit(write(tmp_path / "p", {"ant": 3}), encoder=encode)


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"encoder": 5}, TypeError),
        ({"encoder": "nope"}, ValueError),
        ({"encoder": "resnet8"}, ValueError),
        ({"few": 0}, ValueError),
        ({"feature_images": 0}, ValueError),
        ({"image_size": 0}, ValueError),
        ({"seed": -1}, ValueError),
        ({"few": "x"}, ValueError),
    ],
)
def test_wrong_arguments(tmp_path, arguments, error):
    folder = write(tmp_path / "p", {"ant": 3})
    with pytest.raises(error, match=f"`{next(iter(arguments))}`.*Received"):
        audit(folder, **arguments)


def test_a_folder_with_unreadable_files_only(tmp_path):
    (tmp_path / "p" / "ant").mkdir(parents=True)
    for number in range(3):
        (tmp_path / "p" / "ant" / f"{number}.png").write_bytes(b"x")
    found = audit(tmp_path / "p", encoder=colors)
    assert {finding.kind for finding in found.findings} == {
        "unreadable",
        "not_trained",
    } and found.compared == 0

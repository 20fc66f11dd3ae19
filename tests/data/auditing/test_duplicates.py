"""Planted exact and near duplicates are found, and different pictures are not taken for such."""

import shutil

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from ltzoo.data.auditing.audit import audit
from ltzoo.data.auditing.duplicates import exact_groups, joined, near_pairs
from ltzoo.data.auditing.fingerprints import Pairs
from ltzoo.data.auditing.images import list_images
from ltzoo.data.auditing.scan import scan
from tests.data.auditing.pictures import picture, write

CHANGES = {
    "resized": lambda image: image.resize((image.width // 2, image.height // 2)),
    "enlarged": lambda image: image.resize((image.width * 3, image.height * 3)),
    "squashed": lambda image: image.resize((image.height, image.height)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.8),
    "gray": lambda image: image.convert("L"),
    "mirrored": ImageOps.mirror,
    "upside down": lambda image: image.rotate(180),
    "turned": lambda image: image.rotate(90, expand=True),
}


def names(found, kind):
    return [sorted(found.images.name(p) for p in finding.images) for finding in found.of(kind)]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_a_near_duplicate(tmp_path, change):
    folder = write(tmp_path / "p", {"ant": 30, "owl": 30})
    CHANGES[change](Image.open(folder / "ant" / "ant4.png")).save(folder / "ant" / "copy.jpg", quality=60)
    found = audit(folder, encoder=None)
    assert names(found, "near_duplicates") == [["ant/ant4.png", "ant/copy.jpg"]]
    assert not found.of("exact_duplicates")


def test_copies_in_several_qualities_are_one_group(tmp_path):
    folder = write(tmp_path / "p", {"ant": 20, "owl": 20})
    for quality in (40, 60, 80):
        Image.open(folder / "owl" / "owl7.png").save(folder / "owl" / f"q{quality}.jpg", quality=quality)
    (group,) = names(audit(folder, encoder=None), "near_duplicates")
    assert group == ["owl/owl7.png", *(f"owl/q{quality}.jpg" for quality in (40, 60, 80))]


def test_exact_copies_across_splits_and_classes(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 12, "train/owl": 12, "test/ant": 3, "test/owl": 3})
    shutil.copy(folder / "test/ant/ant1.png", folder / "train/ant/leak.png")
    shutil.copy(folder / "train/ant/ant3.png", folder / "train/owl/wrong.png")
    shutil.copy(folder / "train/owl/owl3.png", folder / "train/owl/again.png")
    found = audit(folder, encoder=None)
    # The gravest come first.
    assert names(found, "exact_duplicates")[0] == ["test/ant/ant1.png", "train/ant/leak.png"]
    by_name = {tuple(sorted(found.images.name(p) for p in f.images)): f for f in found.of("exact_duplicates")}
    leak = by_name["test/ant/ant1.png", "train/ant/leak.png"]
    wrong = by_name["train/ant/ant3.png", "train/owl/wrong.png"]
    again = by_name["train/owl/again.png", "train/owl/owl3.png"]
    assert leak.facts["splits"] == ["train", "test"] and leak.facts["classes"] == ["ant"]
    assert "in train and test" in leak.text and found.images.split(leak.images[0]) == "test"
    assert wrong.facts["classes"] == ["ant", "owl"] and "in the classes 'ant', 'owl'" in wrong.text
    assert again.text == "2 images have the same content"
    assert leak.score > wrong.score > again.score


def test_near_copies_across_splits_and_classes(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 20, "train/owl": 20, "test/ant": 5, "test/owl": 5})
    Image.open(folder / "test/ant/ant1.png").resize((40, 30)).save(folder / "train/owl/leak.jpg")
    (finding,) = audit(folder, encoder=None).of("near_duplicates")
    assert finding.facts["splits"] == ["train", "test"] and finding.facts["classes"] == ["ant", "owl"]
    assert finding.score > 3


def test_a_near_copy_of_an_exact_copy_is_in_one_group_with_both(tmp_path):
    folder = write(tmp_path / "p", {"ant": 30})
    shutil.copy(folder / "ant/ant3.png", folder / "ant/again.png")
    Image.open(folder / "ant/ant3.png").resize((40, 30)).save(folder / "ant/small.png")
    found = audit(folder, encoder=None)
    assert names(found, "near_duplicates") == [["ant/again.png", "ant/ant3.png", "ant/small.png"]]
    assert names(found, "exact_duplicates") == [["ant/again.png", "ant/ant3.png"]]


@pytest.mark.parametrize("seed", range(3))
def test_different_pictures_are_no_duplicates(tmp_path, seed):
    folder = write(tmp_path / "p", {"ant": 150, "owl": 150}, seed)
    found = audit(folder, encoder=None)
    assert not found.of("near_duplicates") and not found.of("exact_duplicates")


def test_pictures_with_the_same_frame_are_no_duplicates(tmp_path):
    rng, folder = np.random.default_rng(0), tmp_path / "p" / "cells"
    folder.mkdir(parents=True)
    for number in range(120):  # Bars at the same places over another ground each time.
        image = np.asarray(picture(rng, 64, 64), "float32") * 0.4 + 120
        image[::16] = 20
        image[:, :6] = image[:, -6:] = 250
        Image.fromarray(image.astype("uint8")).save(folder / f"{number}.png")
    assert not audit(folder.parent, encoder=None).of("near_duplicates")


@pytest.mark.parametrize("count", [2, 7, 23, 24])
def test_few_pictures_are_no_duplicates(tmp_path, count):
    folder = write(tmp_path / "p", {"ant": count})
    assert not audit(folder, encoder=None).of("near_duplicates")
    Image.open(folder / "ant" / "ant1.png").resize((40, 30)).save(folder / "ant" / "copy.jpg")
    assert names(audit(folder, encoder=None), "near_duplicates") == [["ant/ant1.png", "ant/copy.jpg"]]


def test_blank_images_are_no_near_duplicates(tmp_path):
    folder = write(tmp_path / "p", {"ant": 20})
    for number in range(3):
        Image.new("RGB", (40, 40 + number), (90 + number, 0, 0)).save(folder / "ant" / f"blank{number}.png")
    found = audit(folder, encoder=None)
    assert len(found.of("blank")) == 3 and not found.of("near_duplicates")


def test_unreadable_files_are_in_no_group(tmp_path):
    folder = write(tmp_path / "p", {"ant": 10})
    for number in range(4):
        (folder / "ant" / f"broken{number}.png").write_bytes(b"no image")
    seen = scan(list_images(folder).paths)
    assert exact_groups(seen) == [] and not len(near_pairs(seen, []).first)


def test_joining_is_transitive():
    pairs = Pairs(np.asarray([0, 1, 5]), np.asarray([1, 2, 6]), np.ones(3), np.zeros(3, int))
    numbers = joined(8, pairs, [[2, 3], [6, 7]])
    assert len(set(numbers[[0, 1, 2, 3]])) == len(set(numbers[[5, 6, 7]])) == 1
    assert len(set(numbers)) == 3

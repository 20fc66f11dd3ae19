"""Which images an audit proposes to leave out."""

import shutil

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import from_directory
from ltzoo.data.auditing.audit import audit
from ltzoo.data.auditing.exclude import to_exclude
from ltzoo.data.auditing.findings import Finding
from ltzoo.data.auditing.images import ImageList
from ltzoo.data.folders import LeftOut
from tests.data.auditing.pictures import write


def reasons(found, **arguments):
    return {entry.path: entry.reason for entry in found.exclusions(**arguments)}


def test_one_copy_stays_and_it_is_the_test_image(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 12, "train/owl": 12, "val/ant": 2, "test/ant": 2})
    shutil.copy(folder / "test/ant/ant1.png", folder / "train/ant/leak.png")
    shutil.copy(folder / "test/ant/ant1.png", folder / "val/ant/leak.png")
    shutil.copy(folder / "train/owl/owl3.png", folder / "train/owl/twice.png")
    Image.open(folder / "val/ant/ant0.png").resize((40, 30)).save(folder / "train/ant/small.png")
    Image.open(folder / "train/owl/owl5.png").resize((40, 30)).save(folder / "train/owl/a_small.png")
    assert reasons(audit(folder, encoder=None)) == {
        "val/ant/leak.png": "exact duplicate across train and val and test",
        "train/ant/leak.png": "exact duplicate across train and val and test",
        "train/owl/twice.png": "exact duplicate",
        "train/ant/small.png": "near duplicate across train and val",
        "train/owl/a_small.png": "near duplicate",
    }


def test_no_exact_copy_in_two_classes_stays(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 12})
    shutil.copy(folder / "ant/ant1.png", folder / "owl/wrong.png")
    found = audit(folder, encoder=None)
    assert reasons(found) == dict.fromkeys(
        ("ant/ant1.png", "owl/wrong.png"), "exact duplicate in two classes"
    )
    assert {entry.detail for entry in found.exclusions()} == {"also in ant", "also in owl"}


def test_near_copies_in_two_classes_stay_unless_another_split_has_them(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 12, "train/owl": 12, "test/ant": 2})
    Image.open(folder / "train/ant/ant1.png").resize((40, 30)).save(folder / "train/owl/a.png")
    Image.open(folder / "test/ant/ant1.png").resize((40, 30)).save(folder / "train/owl/b.png")
    assert reasons(audit(folder, encoder=None)) == {"train/owl/b.png": "near duplicate across train and test"}


def test_unreadable_and_blank_images_go(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12})
    (folder / "ant" / "broken.png").write_bytes(b"x")
    Image.new("RGB", (40, 40)).save(folder / "ant" / "black.png")
    found = audit(folder, encoder=None)
    assert reasons(found) == {"ant/broken.png": "unreadable", "ant/black.png": "blank"}
    assert all(entry.detail for entry in found.exclusions() if entry.reason == "unreadable")


def test_every_class_keeps_a_training_image(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 12, "train/owl": 1, "test/owl": 1})
    shutil.copy(folder / "test/owl/owl0.png", folder / "train/owl/owl0.png")
    found = audit(folder, encoder=None)
    assert len(found.of("exact_duplicates")) == 1 and reasons(found) == {}
    with pytest.warns(UserWarning, match="left out 0 images"):
        from_directory(folder, image_size=(8, 8), exclude=[entry.path for entry in found.exclusions()])


def listed(paths, labels=None, splits=None):
    count = len(paths)
    return ImageList(
        root="/r",
        paths=list(paths),
        splits=np.zeros(count, np.int8) if splits is None else np.asarray(splits),
        labels=np.zeros(count, int) if labels is None else np.asarray(labels),
        class_names=("a", "b\x1b"),
        left_out=LeftOut(),
        below=list(paths),
    )


def test_suspicious_labels_go_only_on_request():
    images = listed(["/r/1.png", "/r/2.png", "/r/3.png"])
    findings = [Finding("suspicious_label", "", (1,), 9.0, {"predicted": "b\x1b"})]
    assert to_exclude(images, findings, labels=False) == []
    (entry,) = to_exclude(images, findings, labels=True)
    assert entry == ("2.png", "suspicious label", r"rather b\x1b")


def test_a_file_that_a_table_lists_twice_is_not_left_out():
    images = listed(["/r/1.png", "/r/1.png", "/r/2.png"], splits=[2, 0, 0])
    facts = {"classes": ["a"], "splits": ["train", "test"]}
    assert to_exclude(images, [Finding("exact_duplicates", "", (0, 1), 1.0, facts)], labels=False) == []

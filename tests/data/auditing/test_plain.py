"""Findings on single images and on numbers of images."""

import numpy as np
import pytest
from PIL import Image

from ltzoo.data.auditing.audit import audit
from tests.data.auditing.pictures import picture, write


def look(folder, **arguments):
    return audit(folder, encoder=None, **{"image_size": 32, **arguments})


def test_unreadable_and_unused_files(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 12})
    (folder / "ant" / "broken.png").write_bytes((folder / "ant" / "ant0.png").read_bytes()[:100])
    (folder / "ant" / "a.heic").write_bytes(b"x")
    found = look(folder)
    (unreadable,), (unused,) = found.of("unreadable"), found.of("left_out")
    assert unreadable.text.startswith("ant/broken.png: ") and unreadable.facts["reason"]
    assert unused.facts["paths"] == [str(folder / "ant" / "a.heic")]


def test_tiny_classes_count_readable_training_images(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 12, "train/owl": 4, "train/yak": 10, "test/owl": 20})
    for number in range(2):
        (folder / "train" / "yak" / f"broken{number}.png").write_bytes(b"x")
        (folder / "train" / "yak" / f"yak{number}.png").write_bytes(b"x")
    found = look(folder)
    assert [f.text for f in found.of("tiny_class")] == [
        "'owl' has 4 training images", "'yak' has 8 training images",
    ]  # fmt: skip
    assert [f.facts["class"] for f in look(folder, few=5).of("tiny_class")] == ["owl"]


def test_classes_without_training_images(tmp_path):
    folder = write(tmp_path / "p", {"train/ant": 12, "train/owl": 12, "test/ant": 2, "test/yak": 3})
    assert [f.text for f in look(folder).of("not_trained")] == ["'yak' has no training image"]


def test_images_that_are_all_gray(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12}, draw=lambda rng: picture(rng).convert("L"))
    (finding,) = look(folder).of("gray")
    assert finding.text.startswith("all images are gray; ") and "--channels 1" in finding.text
    picture(np.random.default_rng(1)).convert("L").convert("RGB").save(folder / "ant" / "rgb.png")
    (finding,) = look(folder).of("gray")
    assert "1 of them are stored with three equal channels" in finding.text


def test_gray_that_tells_the_class(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 12})
    write(folder, {"yak": 12}, 1, lambda rng: picture(rng).convert("L"))
    (finding,) = look(folder).of("gray")
    assert finding.facts["gray_classes"] == ["yak"] and "color may tell the class" in finding.text
    assert len(finding.images) == 12


def test_some_gray_images_in_all_classes_tell_nothing(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 12})
    for name in ("ant", "owl"):
        Image.open(folder / name / f"{name}0.png").convert("L").save(folder / name / f"{name}0.png")
    (finding,) = look(folder).of("gray")
    assert finding.facts["gray_classes"] == [] and "tell" not in finding.text
    assert not look(write(tmp_path / "q", {"ant": 5})).of("gray")


def test_mixed_sizes(tmp_path):
    folder = write(tmp_path / "p", {"ant": 20})
    assert not look(folder).of("mixed_sizes")
    write(folder, {"owl": 20}, 1, lambda rng: picture(rng, 300, 200))
    (finding,) = look(folder).of("mixed_sizes")
    assert finding.facts["low"] == 48 and finding.facts["high"] == 200


def test_long_and_small_images(tmp_path):
    folder = write(tmp_path / "p", {"ant": 12})
    picture(np.random.default_rng(1), 500, 60).save(folder / "ant" / "wide.png")
    picture(np.random.default_rng(2), 50, 500).save(folder / "ant" / "tall.png")
    picture(np.random.default_rng(3), 15, 15).save(folder / "ant" / "tiny.png")
    found = look(folder)
    (long,), (small,) = found.of("long"), found.of("small")
    assert [found.images.name(p) for p in long.images] == ["ant/tall.png", "ant/wide.png"]
    assert [found.images.name(p) for p in small.images] == ["ant/tiny.png"]
    assert len(look(folder, image_size=128).of("small")[0].images) == 15
    assert "of less than 64 pixels" in look(folder, image_size=128).of("small")[0].text


@pytest.mark.parametrize("count", [1, 2])
def test_folders_of_one_or_two_images(tmp_path, count):
    found = look(write(tmp_path / "p", {"ant": count}))
    assert {finding.kind for finding in found.findings} == {"tiny_class"}

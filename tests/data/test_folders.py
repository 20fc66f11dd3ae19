"""Files of class folders: none is left out without a word, none is opened that is no regular file."""

import os
import socket
import warnings

import pytest
from PIL import Image, features

from ltzoo.data import from_directory, image_formats
from ltzoo.data.directory import shorter_sides
from ltzoo.data.folders import LeftOut, find_images


@pytest.fixture
def photos(tmp_path):
    for name in ("ant", "bee"):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.new("RGB", (9, 8), (number, 0, 0)).save(tmp_path / name / f"{number}.png")
    return tmp_path


def load(path, **arguments):
    return from_directory(path, image_size=(8, 8), validation_fraction=0, **arguments)


def silent(path, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load(path, **arguments)


def lack(monkeypatch, suffix, way_out):
    """Let this installation lack the reader of a suffix."""
    readable = tuple(one for one in image_formats.READABLE_SUFFIXES if one != suffix)
    others = {**image_formats.OTHER_IMAGE_SUFFIXES, suffix: way_out}
    monkeypatch.setattr(image_formats, "READABLE_SUFFIXES", readable)
    monkeypatch.setattr(image_formats, "OTHER_IMAGE_SUFFIXES", others)


@pytest.mark.parametrize(
    "suffix, form",
    [
        (".jfif", "JPEG"), (".jpe", "JPEG"), (".JPG", "JPEG"), (".pjpeg", "JPEG"), (".apng", "PNG"), (".dib", "BMP"),
        (".tga", "TGA"), (".pnm", "PPM"), (".pgm", "PPM"), (".jp2", "JPEG2000"), (".webp", "WEBP"), (".avif", "AVIF"),
    ],
)  # fmt: skip
def test_what_pillow_reads_is_read(photos, suffix, form):
    needed = {"JPEG2000": "jpg_2000", "WEBP": "webp", "AVIF": "avif"}
    if form in needed and not features.check(needed[form]):
        pytest.skip(f"this Pillow has no {form}")
    Image.new("RGB", (9, 8), (1, 2, 3)).save(photos / "bee" / f"more{suffix}", form)
    assert silent(photos).class_counts.tolist() == [2, 3]


def test_what_is_left_out_is_counted_in_one_line(photos, monkeypatch):
    lack(monkeypatch, ".heic", "pip install pillow-heif")
    for number in range(3):
        (photos / "bee" / f"{number}.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (photos / "bee" / "a.CR2").write_bytes(b"II*\0")
    (photos / "bee" / "b.mp4").write_bytes(b"film")
    (photos / "ant" / "c.zip").write_bytes(b"PK")
    (photos / "ant" / "unnamed").write_bytes((photos / "ant" / "0.png").read_bytes())
    (photos / "ant" / "old.jpg_large").write_bytes(b"\xff\xd8\xff\xe0")
    (photos / "ant" / "notes.txt").write_text("text")
    (photos / "ant" / "Makefile").write_text("all:")
    Image.new("RGB", (8, 8)).save(photos / "loose.png")
    with pytest.warns(UserWarning) as caught:
        assert load(photos).class_counts.tolist() == [2, 2]
    assert len(caught) == 1
    message = str(caught[0].message)
    assert message.startswith(f"left out 9 files and links of {photos}: 3 .heic (pip install pillow-heif")
    for part in (
        "1 .cr2 (develop",
        "1 .mp4 (extract",
        "1 .zip (unpack",
        "1 without suffix (images by content",
    ):
        assert part in message
    assert "1 .jpg_large (images by content" in message and "1 images next to the class folders" in message
    assert "notes" not in message and "Makefile" not in message


def test_a_format_that_this_pillow_lacks_is_counted(photos, monkeypatch):
    lack(monkeypatch, ".avif", "pip install --upgrade pillow")
    (photos / "bee" / "a.avif").write_bytes(b"avif")
    with pytest.warns(UserWarning, match=r"left out 1 .*1 \.avif \(pip install --upgrade pillow"):
        load(photos)


@pytest.mark.parametrize(
    "entry",
    [
        "__MACOSX",
        "@eaDir",
        ".ipynb_checkpoints",
        "$RECYCLE.BIN",
        "lost+found",
        ".git",
        "System Volume Information",
    ],
)
@pytest.mark.parametrize("level", ["", "train", "train/ant"])
def test_entries_of_systems_are_ignored_everywhere(photos, entry, level):
    root = photos / "root"
    root.mkdir()
    for name in ("ant", "bee"):
        (root / "train").mkdir(exist_ok=True)
        (photos / name).rename(root / "train" / name)
    (root / level / entry / "ant").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(root / level / entry / "ant" / "0.png")
    Image.new("RGB", (8, 8)).save(root / level / entry / "1.png")
    for name in ("._0.png", ".DS_Store", "Thumbs.db", "desktop.ini"):
        (root / level / name).write_bytes(b"\0\5\x16\7")
    dataset = silent(root)
    assert dataset.class_names == ("ant", "bee") and dataset.class_counts.tolist() == [2, 2]


def test_linked_folders_are_followed_once(photos, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "deep").mkdir()
    Image.new("RGB", (8, 8)).save(outside / "deep" / "x.png")
    os.symlink(outside, outside / "deep" / "loop")
    os.symlink(outside, photos / "ant" / "linked")
    assert len(load_warned(photos, r"1 links to folders that are read already").train) == 5
    os.symlink(outside, photos / "bee" / "again")
    assert load_warned(photos, r"2 links to folders that are read already").class_counts.tolist() == [3, 2]


def load_warned(path, message):
    with pytest.warns(UserWarning, match=message):
        return load(path)


@pytest.mark.parametrize("target", ["bee", "", "ant", "bee/deep"])
def test_a_link_into_the_dataset_takes_no_image_of_another_class(photos, target):
    (photos / "bee" / "deep").mkdir()
    (photos / "bee" / "0.png").rename(photos / "bee" / "deep" / "0.png")
    os.symlink(photos / target, photos / "ant" / "link")
    dataset = load_warned(photos, r"1 links to folders that are read already")
    assert dataset.class_counts.tolist() == [2, 2]


def test_class_folders_may_be_links_but_not_to_the_same_folder(photos, tmp_path):
    links = tmp_path / "links"
    links.mkdir()
    for name in ("ant", "bee"):
        os.symlink(photos / name, links / name)
    assert silent(links).class_counts.tolist() == [2, 2]
    os.symlink(photos / "ant", links / "emmet")
    with pytest.raises(ValueError, match=r"Received: .*ant and .*emmet, which are the same folder"):
        load(links)


def test_broken_links_and_pipes_are_counted_and_never_opened(photos):
    os.symlink(photos / "nowhere.png", photos / "ant" / "broken.png")
    os.symlink("self.png", photos / "ant" / "self.png")
    os.mkfifo(photos / "ant" / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(photos / "bee" / "s.png"))
        with pytest.warns(UserWarning, match=r"left out 4 .*2 broken links.*2 pipes, sockets or devices"):
            assert load(photos).class_counts.tolist() == [2, 2]
    assert shorter_sides(photos) == [8, 8, 8, 8]


def test_an_unreadable_folder_is_named(photos, monkeypatch):
    scandir = os.scandir

    def refuse(folder):
        if str(folder).endswith("bee"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match=r"cannot read the folder .*bee: Permission denied"):
        load(photos)


def test_names_that_differ_in_case_are_said(photos):
    (photos / "Ant").mkdir()
    if len(os.listdir(photos)) == 2:
        pytest.skip("this file system ignores case")
    Image.new("RGB", (8, 8)).save(photos / "Ant" / "0.png")
    with pytest.warns(UserWarning, match=r"'Ant' and 'ant' differ in spelling only"):
        assert load(photos).num_classes == 3


def test_a_test_class_spelled_otherwise_is_named_with_its_training_class(photos):
    test = photos / "exam" / "ANT"
    test.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(test / "0.png")
    with pytest.raises(ValueError, match=r"rename it to 'ant'. Received: folder 'ANT'"):
        load(photos, test=photos / "exam")


def test_files_come_in_the_order_of_their_paths(photos):
    (photos / "ant" / "0").mkdir()
    Image.new("RGB", (8, 8)).save(photos / "ant" / "0" / "a.png")
    found = find_images({"train": {"ant": photos / "ant"}}, LeftOut())["train"]["ant"]
    assert [os.path.relpath(path, photos) for path in found] == ["ant/0.png", "ant/0/a.png", "ant/1.png"]

"""The cache of decoded images: right after changes, kills and damage, shared by processes, and never too large."""

import os
import pickle
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from ltzoo import data
from ltzoo.data import decoded_cache as module
from ltzoo.data.decoded_cache import DecodedCache
from ltzoo.data.files import FileSplit, use_cache
from ltzoo.data.image_fit import ImageFit

FITTED = ImageFit((8, 6))
BYTES = 8 * 6 * 3


def write(path, seed, old=True):
    pixels = np.random.default_rng(seed).integers(0, 256, (10, 12, 3)).astype("uint8")
    Image.fromarray(pixels).save(path)
    if old:
        os.utime(path, (time.time() - 100 - seed,) * 2)
    return str(path)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "photos").mkdir()
    return [write(tmp_path / "photos" / f"{number}.png", number) for number in range(6)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def split(files, cache):
    made = FileSplit(files, [0] * len(files), (8, 6))
    made.cache = cache
    return made


@pytest.fixture
def decoded(monkeypatch):
    """The paths that are decoded, in order."""
    paths, original = [], FileSplit.decode
    monkeypatch.setattr(FileSplit, "decode", lambda self, p: paths.append(self.paths[p]) or original(self, p))
    return paths


def test_the_second_pass_decodes_nothing_and_gives_the_same(files, folder, decoded):
    plain = split(files, None).load(np.arange(6))
    decoded.clear()
    for _ in range(3):
        cached = split(files, DecodedCache(FITTED, 3, folder))  # As a new process would.
        np.testing.assert_array_equal(cached.load([5, 0, 1, 2, 3, 4]), plain[[5, 0, 1, 2, 3, 4]])
        assert len(cached.cache) == 6 and sorted(decoded) == files
    assert cached.subset([1]).cache is cached.cache


def test_the_check_fills_it(files, folder, decoded):
    several = Image.open(files[0])
    several.save(files[0].replace("0.png", "two.tif"), save_all=True, append_images=[several.copy()])
    files[1] = files[0].replace("0.png", "two.tif")
    os.utime(files[1], (1e9, 1e9))
    for again in (False, True):
        cached = split(files, DecodedCache(FITTED, 3, folder))
        with pytest.warns(UserWarning, match="1 of 6 images have several frames or pages.*two.tif"):
            assert data.check_images(cached) == []
        assert len(decoded) == 6, again
    cached.load(np.arange(6))
    assert len(decoded) == 6


@pytest.mark.parametrize("change", ["content", "time", "other path", "replaced"])
def test_a_changed_file_is_decoded_again(files, folder, decoded, change):
    cached = split(files, DecodedCache(FITTED, 3, folder))
    cached.load(np.arange(6))
    decoded.clear()
    if change == "content":
        write(files[2], 77)
    elif change == "time":
        os.utime(files[2], (1e9, 1e9))
    elif change == "other path":
        os.rename(files[2], files[2] + ".png")
        cached.paths[2] = files[2] + ".png"
    else:
        status = os.stat(files[2])
        write(files[2] + ".new.png", 78)
        os.replace(files[2] + ".new.png", files[2])
        os.utime(files[2], ns=(status.st_atime_ns, status.st_mtime_ns))
    found = cached.load(np.arange(6))
    assert decoded == [cached.paths[2]]
    np.testing.assert_array_equal(found, split(cached.paths, None).load(np.arange(6)))


def test_a_file_changed_only_now_is_not_kept(files, folder, decoded):
    write(files[2], 2, old=False)
    cached = split(files, DecodedCache(FITTED, 3, folder))
    for _ in range(2):
        cached.load([2, 3])
    assert decoded.count(files[2]) == 2 and decoded.count(files[3]) == 1


def test_other_sizes_fits_and_channels_are_kept_apart(files, folder):
    settings = [
        (FITTED, 3),
        (ImageFit((6, 8)), 3),
        (ImageFit((8, 6), "pad"), 3),
        (ImageFit((8, 6), "crop", 9), 3),
        (FITTED, 1),
    ]
    folders = {DecodedCache(fitted, channels, folder).folder for fitted, channels in settings}
    assert len(folders) == len(settings)
    for fitted, channels in settings:
        made = FileSplit(files, [0] * 6, fitted.image_size, channels, fitted.resize, fitted.fit)
        expected = made.load(np.arange(6))
        made.cache = DecodedCache(fitted, channels, folder)
        for _ in range(2):
            np.testing.assert_array_equal(made.load(np.arange(6)), expected)


@pytest.mark.parametrize("damage", ["pixels", "cut pixels", "cut index", "no pixels", "empty index", "noise"])
def test_damage_is_noticed(files, folder, damage):
    cached = split(files, DecodedCache(FITTED, 3, folder))
    expected = cached.load(np.arange(6))
    [index] = cached.cache.folder.glob("*.index")
    pixels = index.with_suffix(".pixels")
    content = bytearray(pixels.read_bytes())
    if damage == "pixels":
        content[2 * BYTES + 5] ^= 255
        pixels.write_bytes(content)
    elif damage == "cut pixels":
        pixels.write_bytes(content[: 3 * BYTES - 1])
    elif damage == "cut index":
        index.write_bytes(index.read_bytes()[:-7])
    elif damage == "no pixels":
        pixels.unlink()
    else:
        index.write_bytes(b"" if damage == "empty index" else os.urandom(1001))
    again = split(files, DecodedCache(FITTED, 3, folder))
    for _ in range(2):
        np.testing.assert_array_equal(again.load(np.arange(6)), expected)


_KILLED = """
import os, sys, threading, time
from ltzoo.data.decoded_cache import DecodedCache
from ltzoo.data.files import FileSplit
from ltzoo.data.image_fit import ImageFit
folder, *files = sys.argv[1:]
split = FileSplit(files, [0] * len(files), (8, 6))
split.cache = DecodedCache(ImageFit((8, 6)), 3, folder)
split.load(range(len(files)))
print("ready", flush=True)
while True:
    split.cache._places.clear()
    split.load(range(len(files)))
"""


def test_processes_share_it_and_may_be_killed(files, folder):
    expected = split(files, None).load(np.arange(6))
    for _ in range(2):
        writers = [
            subprocess.Popen([sys.executable, "-c", _KILLED, folder, *files], stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        for writer in writers:
            writer.stdout.readline()
        time.sleep(0.2)
        for writer in writers:
            writer.kill()
            writer.wait()
            writer.stdout.close()
        cached = split(files, DecodedCache(FITTED, 3, folder))
        assert len(cached.cache) == 6
        np.testing.assert_array_equal(cached.load(np.arange(6)), expected)


def test_threads_share_it(files, folder):
    expected = split(files, None).load(np.arange(6))
    cached, found = split(files, DecodedCache(FITTED, 3, folder)), []
    threads = [threading.Thread(target=lambda: found.append(cached.load(np.arange(6)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all((one == expected).all() for one in found)
    assert len(cached.cache) == 6


def size(folder):
    return sum(path.stat().st_size for path in folder.glob("*/*.pixels"))


def test_it_stays_below_its_limit_and_old_segments_make_room(files, folder):
    limit = 8 * BYTES  # Segments of two images.
    cached = split(files, DecodedCache(FITTED, 3, folder, limit))
    expected = cached.load(np.arange(6))
    assert len(cached.cache) == 6 and size(folder) == 6 * BYTES
    other = FileSplit(files, [0] * 6, (8, 6), fit="squash")
    other.cache = DecodedCache(other.fitted, 3, folder, limit)
    other.load(np.arange(6))
    assert len(other.cache) == 2 and size(folder) == limit  # The rest is in use.
    for path in cached.cache.folder.glob("*.pixels"):
        os.utime(path, (1e9, 1e9))
    other.cache = DecodedCache(other.fitted, 3, folder, limit)
    other.load(np.arange(6))
    assert len(other.cache) == 6 and size(folder) == limit
    np.testing.assert_array_equal(cached.load(np.arange(6)), expected)  # Mapped or decoded again.
    assert len(DecodedCache(FITTED, 3, folder, limit)) == 2


@pytest.mark.parametrize("limit", [0, 1, BYTES])
def test_too_small_a_limit_keeps_nothing(files, folder, limit):
    cached = split(files, DecodedCache(FITTED, 3, folder, limit))
    np.testing.assert_array_equal(cached.load(np.arange(6)), split(files, None).load(np.arange(6)))
    assert len(cached.cache) == 0 and size(folder) == 0


def test_the_default_limit_is_a_share_of_the_disk(folder, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    assert DecodedCache(FITTED, 3, folder).limit == 100
    monkeypatch.undo()
    assert 0 < DecodedCache(FITTED, 3, folder).limit <= module.LIMIT


def test_a_full_disk_ends_the_caching_and_nothing_else(files, folder, monkeypatch):
    cached = split(files, DecodedCache(FITTED, 3, folder))
    cached.load([0])
    monkeypatch.setattr(module._Segment, "append", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    np.testing.assert_array_equal(cached.load(np.arange(6)), split(files, None).load(np.arange(6)))
    assert len(cached.cache) == 1


def test_a_folder_that_cannot_be_made_warns_once(files, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LTZOO_CACHE", str(tmp_path / "file"))
    splits = [split(files, None), split(files, None)]
    with pytest.warns(UserWarning, match="the cache cannot be used") as caught:
        use_cache(splits)
    assert len(caught) == 1 and splits[0].cache is None


def test_it_can_be_sent_to_another_process(files, folder):
    cached = split(files, DecodedCache(FITTED, 3, folder))
    expected = cached.load(np.arange(6))
    copy = pickle.loads(pickle.dumps(cached))
    assert len(copy.cache) == 6
    np.testing.assert_array_equal(copy.load(np.arange(6)), expected)


def test_folders_use_it_when_asked(tmp_path, monkeypatch, decoded):
    monkeypatch.setenv("LTZOO_CACHE", str(tmp_path / "cache"))
    for number in range(8):
        (tmp_path / "photos" / f"class{number % 2}").mkdir(parents=True, exist_ok=True)
        write(tmp_path / "photos" / f"class{number % 2}" / f"{number}.png", number)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = data.from_directory(tmp_path / "photos", image_size=(8, 6))
        assert not (tmp_path / "cache").exists()
        decoded.clear()
        for _ in range(2):
            cached = data.from_directory(tmp_path / "photos", image_size=(8, 6), cache=True)
            for name in ("train", "val"):
                one, other = plain.splits()[name], cached.splits()[name]
                expected = np.stack([one.fitted(one.open(p)) for p in range(len(one))])
                np.testing.assert_array_equal(other.load(np.arange(len(other))), expected)
    assert len(decoded) == 8
    (tmp_path / "list.txt").write_text("class0/0.png 0\nclass1/1.png 1\n")
    listed = data.from_list(tmp_path / "list.txt", tmp_path / "photos", image_size=(8, 6), cache=True)
    assert len(decoded) == 8 and len(listed.train.cache) == 8

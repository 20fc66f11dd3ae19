"""Folds of a dataset: each image tested once, groups and repeated files whole."""

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import ArraySplit, FileSplit, LongTailedDataset, folds


def dataset(counts=(12, 6, 3), val=(4, 2, 0)):
    def split(sizes, first):
        labels = np.repeat(np.arange(len(sizes)), sizes)
        pixels = (first + np.arange(len(labels)))[:, None, None].astype(np.uint8)
        return ArraySplit(np.broadcast_to(pixels, (len(labels), 2, 2)).copy(), labels)

    return LongTailedDataset("tiny", split(counts, 0), split(val, 100), split(counts, 200), ["a", "b", "c"])


def numbers(split):
    return split.load(np.arange(len(split)))[:, 0, 0, 0].tolist()


def test_every_training_and_validation_image_is_tested_once():
    parts = folds(dataset(), folds=3)
    assert [part.name for part in parts] == [f"tiny, fold {n} of 3" for n in (1, 2, 3)]
    assert sorted(n for part in parts for n in numbers(part.test)) == [*range(21), *range(100, 106)]
    for part in parts:
        assert not set(numbers(part.train)) & set(numbers(part.test)) and part.val is None
        assert len(part.train) + len(part.test) == 27 and part.class_names == ("a", "b", "c")
        assert np.bincount(part.test.labels, minlength=3).min() >= 1


def test_the_seed_selects_the_folds():
    def tested(seed):
        return [numbers(part.test) for part in folds(dataset(), 3, seed=seed)]

    assert tested(0) == tested(0) != tested(1)


def test_a_group_is_in_one_fold_even_across_training_and_validation():
    whole = dataset()
    whole.train.groups = np.arange(21) % 9
    whole.val.groups = np.arange(6) % 9
    group = {n: n % 100 % 9 for n in [*range(21), *range(100, 106)]}
    for part in folds(whole, 3):
        train, test = ({group[n] for n in numbers(split)} for split in (part.train, part.test))
        assert not train & test and set(part.test.groups.tolist()) == test


def test_a_file_listed_twice_is_in_one_fold(tmp_path):
    for number in range(8):
        Image.new("L", (4, 4), number).save(tmp_path / f"{number}.png")
    paths = [str(tmp_path / f"{number}.png") for number in [*range(8), 0, 4]]
    train = FileSplit(paths, [0, 0, 0, 0, 1, 1, 1, 1, 0, 1], (4, 4), 1)
    for seed in range(4):
        parts = folds(LongTailedDataset("repeats", train), 2, seed)
        assert sum(len(part.test) for part in parts) == 10
        assert all(not set(part.train.paths) & set(part.test.paths) for part in parts)


def test_files_of_training_and_validation_stay_files(tmp_path):
    paths = []
    for number in range(8):
        paths.append(tmp_path / f"{number}.png")
        Image.new("L", (4, 4), number).save(paths[-1])
    train, val = FileSplit(paths[:6], [0, 0, 0, 1, 1, 1], (4, 4), 1), FileSplit(paths[6:], [0, 1], (4, 4), 1)
    first, second = folds(LongTailedDataset("files", train, val), 2)
    assert sorted(first.test.paths + second.test.paths) == sorted(map(str, paths))
    assert isinstance(first.train, FileSplit)


def test_images_that_cannot_be_tested_are_counted():
    with pytest.warns(
        UserWarning, match=r"1 of 15 images .* never tested, which is all of 'c'.* no other image"
    ):
        parts = folds(dataset((8, 4, 1), (1, 1, 0)), 2)
    assert all(2 in part.train.labels and 2 not in part.test.labels for part in parts)


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match="LongTailedDataset"):
        folds([1, 2])
    for wrong in (1, 0, True, 2.5, 1001):
        with pytest.raises(ValueError, match="`folds` must be"):
            folds(dataset(), wrong)
    with pytest.raises(ValueError, match=r"`folds` must be small enough.*Received: folds=40"):
        folds(dataset(), 40)
    mixed = dataset()
    mixed.train.groups = np.arange(21)
    with pytest.raises(ValueError, match="groups in some"):
        folds(mixed, 3)

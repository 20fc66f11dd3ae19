"""Datasets by name, what is known of them, and what a wrong name or option says."""

import pytest

from ltzoo.data import facts, load, names


def test_names_are_sorted_and_complete():
    assert names() == sorted(names())
    assert names() == [
        "cifar100_lt",
        "cifar10_lt",
        "digits_lt",
        "imagenet_lt",
        "inaturalist2017",
        "inaturalist2018",
        "places_lt",
    ]


def test_an_unknown_name_lists_all_and_suggests_the_closest():
    with pytest.raises(ValueError, match=r"digits_lt.*Did you mean 'digits_lt'\? Received: name='digit_lt'"):
        load("digit_lt")
    with pytest.raises(ValueError, match=r"from_directory\. Received: name='/photos'"):
        load("/photos")


def test_an_unknown_option_is_named():
    with pytest.raises(
        ValueError,
        match=r"'digits_lt' has no argument `image_size`; it has imbalance_factor, .*Received: image_size=8",
    ):
        load("digits_lt", image_size=8)


def test_facts_are_known_before_files_are_read():
    assert facts("digits_lt").upright and not facts("cifar10_lt").upright
    assert list(facts("imagenet_lt").lists) == ["train", "val", "test"]
    assert facts("inaturalist2018").num_train == 437_513
    assert len(facts("cifar100_lt").class_names) == facts("cifar100_lt").num_classes
    assert facts("stripes") is None

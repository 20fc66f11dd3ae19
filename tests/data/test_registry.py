"""Datasets by name, and what a wrong name or option says."""

import pytest

from ltzoo.data import load, names


def test_names_are_sorted_and_complete():
    assert names() == sorted(names())
    assert names() == [
        "cifar100_lt",
        "cifar10_lt",
        "digits_lt",
        "imagenet_lt",
        "inaturalist2018",
        "places_lt",
    ]


def test_an_unknown_name_lists_all_and_suggests_the_closest():
    with pytest.raises(ValueError, match=r"digits_lt.*Did you mean 'digits_lt'\? Received: name='digit_lt'"):
        load("digit_lt")
    with pytest.raises(ValueError, match=r"from_directory\. Received: name='/photos'"):
        load("/photos")


def test_an_unknown_option_is_named():
    with pytest.raises(ValueError, match=r"'digits_lt' takes no further option\. Received: image_size=8"):
        load("digits_lt", image_size=8)

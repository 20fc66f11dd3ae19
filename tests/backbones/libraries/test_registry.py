"""Names of other libraries' networks, where the libraries are and where they are not."""

import sys

import pytest

from ltzoo.backbones import get, is_library_name


def test_which_names_belong_to_a_library():
    for name in (
        "keras_hub:x",
        "keras_cv:x",
        "keras_applications:x",
        "keras.applications:x",
        "keras_hub:hf://a/b",
    ):
        assert is_library_name(name)
    for name in ("resnet8", "keras_hub:", "torch:x", "keras_hub"):
        assert not is_library_name(name)


@pytest.mark.parametrize("library, extra", [("keras_hub", "hub"), ("keras_cv", "cv")])
def test_a_missing_library_says_how_to_install_it(library, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"ltzoo\[{extra}\]"):
        get(f"{library}:Something")

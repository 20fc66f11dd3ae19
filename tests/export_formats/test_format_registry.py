"""Which backend writes which format, and what is said where none can."""

import pytest

from ltzoo.export_formats import FORMATS, install, names, writers_of


def only(*modules):
    return lambda module: module in modules


def test_the_present_backend_comes_first():
    have = only("tensorflow", "jax", "torch", "onnx", "tf2onnx", "jax2onnx", "openvino")
    for backend in ("tensorflow", "jax", "torch"):
        for name in ("onnx", "openvino"):
            able = writers_of(name, backend, have)
            assert able[0] == backend and sorted(able) == ["jax", "tensorflow", "torch"]
        assert (
            writers_of("tf_saved_model", backend, have)
            == writers_of("litert", backend, have)
            == ["tensorflow"]
        )
        assert writers_of("torch", backend, have) == ["torch"]


def test_another_backend_helps_out():
    assert writers_of("onnx", "jax", only("jax", "torch", "onnx")) == ["torch"]
    assert writers_of("onnx", "jax", only("jax", "tensorflow", "onnx", "tf2onnx")) == ["tensorflow"]
    assert writers_of("onnx", "torch", only("torch", "onnx")) == ["torch"]


@pytest.mark.parametrize(
    "name, backend, modules, message",
    [
        ("tf_saved_model", "jax", ("jax",), r'tensorflow is not installed. .*"ltzoo\[tensorflow\]"'),
        ("litert", "torch", ("torch",), r'LiteRT is written by tensorflow.*"ltzoo\[tensorflow\]"'),
        ("torch", "jax", ("jax", "tensorflow"), r'written by torch.*"ltzoo\[torch\]"'),
        ("onnx", "jax", ("jax",), r'onnx and jax2onnx is not installed.*"ltzoo\[onnx,onnx-jax\]"'),
        ("onnx", "tensorflow", ("tensorflow", "onnx"), r'tf2onnx is not installed.*"ltzoo\[onnx\]"'),
        ("openvino", "torch", ("torch", "onnx"), r'openvino is not installed.*"ltzoo\[openvino\]"'),
    ],
)
def test_what_is_missing_is_named(name, backend, modules, message):
    with pytest.raises(ImportError, match=message + rf".*Received: format='{name}' on the {backend} backend"):
        writers_of(name, backend, only(*modules))


def test_unknown_formats_are_named():
    with pytest.raises(ValueError, match="Did you mean 'tf_saved_model'. Received: format='saved_model'"):
        writers_of("saved_model", "jax")


def test_every_format_has_a_function_an_ending_and_extras():
    forms = [FORMATS[name] for name in names()]
    assert len({form.suffix for form in forms}) == len(forms) >= 5
    for form in forms:
        assert form.program and callable(form.part)
        needed = {module for by, modules in form.writers.items() for module in (by, *modules)}
        assert all(install([module]).startswith('pip install "ltzoo[') for module in {*needed, form.runtime})


def test_modules_without_an_extra_are_installed_by_their_own_name():
    assert install(["onnx", "fruit", "jax2onnx"]) == 'pip install "ltzoo[onnx,onnx-jax]" fruit'

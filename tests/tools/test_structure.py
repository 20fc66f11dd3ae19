"""The figures on the structure, on small packages; and the package itself, which has no circle."""

import json
import textwrap

import pytest

from tools.structure import keras_names, parts, repository
from tools.structure.__main__ import rows
from tools.structure.circles import circles, import_graph
from tools.structure.source import parse


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a package from the texts of its files; returns its folder, from which it can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name, **files):
        for file, text in files.items():
            path = tmp_path / name / f"{file.replace('__of__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
            for folder in path.relative_to(tmp_path).parents[:-1]:
                (tmp_path / folder / "__init__.py").touch()
        return tmp_path / name

    return write


def test_the_package_has_no_import_circle():
    assert circles(import_graph("ltzoo")) == []


@pytest.mark.parametrize(
    "graph, expected",
    [
        ({"a": "b", "b": "c", "c": ""}, []),
        ({"a": "b", "b": "a", "c": "ab"}, [["a", "b"]]),
        ({"a": "b", "b": "cd", "c": "a", "d": "e", "e": "d"}, [["a", "b", "c"], ["d", "e"]]),
        ({"a": "bc", "b": "d", "c": "d", "d": "a", "e": "a"}, [["a", "b", "c", "d"]]),
    ],
)
def test_circles_are_the_strongly_connected_components(graph, expected):
    assert circles(graph) == expected


def test_lazy_and_type_only_imports_count(package):
    package(
        "lazy_house",
        first="""
            def late():
                from lazy_house.second import part
            """,
        second="""
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                from lazy_house.third import Part
            """,
        third="import lazy_house.first",
        fourth="from lazy_house import first",
    )
    assert circles(import_graph("lazy_house")) == [
        ["lazy_house.first", "lazy_house.second", "lazy_house.third"]
    ]


def test_registries_are_told_apart(package):
    trees = parse(
        package(
            "house",
            heads__of__registry='from house.registry import Registry\n_HEADS = Registry("head")\n',
            losses__of__registry="""
                _LOSSES = {}
                CACHE = {}

                def register(name):
                    def decorate(part):
                        _LOSSES[name] = part
                    return decorate

                def get(name):
                    CACHE[name] = _LOSSES[name]
                """,
            data__of__augmentation__of__pipeline="""
                from house.data.augmentation.cut import Cut
                from house.data.augmentation.flip import Flip
                STEPS = {"cut": Cut, "flip": Flip}
                RATES = {"cut": 0.5, "flip": 0.1}
                """,
            export_formats='FORMATS = {"onnx": Format(1), "litert": Format(2)}\nEXTRAS = {"a": len(""), "b": 1}\n',
        )
    )
    assert parts.generic_registries(trees) == ["house.heads.registry"]
    assert parts.own_registries(trees) == ["house.losses.registry"]
    assert parts.part_tables(trees, "house") == {
        "house.data.augmentation.pipeline.STEPS": [
            parts.Part("cut", "house.data.augmentation.cut"),
            parts.Part("flip", "house.data.augmentation.flip"),
        ],
        "house.export_formats.FORMATS": [
            parts.Part("onnx", "house.export_formats"),
            parts.Part("litert", "house.export_formats"),
        ],
    }


def test_files_to_touch_for_a_new_part(package):
    head = 'from house.heads.registry import register\n@register("{0}")\ndef {0}(): ...\n'
    trees = parse(
        package(
            "house",
            heads__of__dense=head.format("dense"),
            heads__of__cosine=head.format("cosine"),
            losses__of__focal="from house.losses.registry import register\n@register\nclass focal: ...\n",
            losses__of__names="from house.losses.focal import focal",
            cli="UPRIGHT = {'focal'}",
            techniques__of__views=head.format("views").replace("heads", "techniques"),
            techniques__of__every="""
                from house.techniques.views import views
                _TECHNIQUES.export(globals())
                """,
            recipes__of__one="""
                from house.recipes.registry import register
                @register(backbone="resnet")
                def one():
                    return {"loss": "focal", "head": "dense"}
                """,
            data__of__augmentation__of__flip="class Flip: ...",
            data__of__augmentation__of__pipeline="""
                from house.data.augmentation.flip import Flip
                def crop(): ...
                STEPS = {"flip": Flip, "crop": crop}
                """,
        )
    )
    counts = parts.files_to_touch(trees, "house")
    assert counts["head"] == (1, 1)
    # Its own file, one that imports it and one that names it; a recipe uses it.
    assert counts["loss"] == (3, 3)
    assert counts["recipe"] == (1, 1)
    assert counts["augmentation"] == (1, 1.5)  # "crop" lies in the table's own file
    assert counts["technique"] == (1, 1)  # what exports all parts needs no line for one
    assert counts["dataset"] is None


def test_private_names_of_keras(package):
    folder = package(
        "house",
        layers="""
            from keras.src import backend
            import keras.source
            for layer in model._flatten_layers():  # and another
                layer.weights, layer._own, self._layers_of_backbone
            # part._keras_history is not read
            nodes = getattr(model, "_nodes_by_depth")
            class Norm:
                def _moments(self, inputs): ...
                def _own(self): ...
            def _layers(model): ...
            """,
        plain="import keras\n",
    )
    assert keras_names.private_lines(folder) == {"layers.py": [2, 4, 7, 9]}


def test_figures_on_the_repository(tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    for name, weights in (("a", None), ("b", {"file": "b.weights.h5"}), ("c", None)):
        (tmp_path / "weights" / f"{name}.json").write_text(json.dumps({"name": name, "weights": weights}))
    assert repository.cards(tmp_path) == (2, 3)
    assert repository.guides(tmp_path) == [] and repository.generated_lines(tmp_path) == {}
    (tmp_path / "CONTRIBUTING.md").write_text("How to add a part.\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "methods.md").write_text("# Methods\n\nAll.\n")
    assert repository.guides(tmp_path) == ["CONTRIBUTING.md"]
    assert repository.generated_lines(tmp_path) == {"docs/methods.md": 3}
    monkeypatch.setattr(repository.shutil, "which", lambda name: None)
    assert repository.type_errors(tmp_path, "ltzoo") is None


def test_the_table_has_every_figure():
    table = dict(rows(with_types=False))
    for family in parts.FAMILIES:
        assert table[f"files to touch for a new {family}"] != "no part found"
    assert int(table["uses of the shared registry"]) >= 3
    assert " in " in table["lines that use private Keras names"]
    assert "pyright errors" not in table

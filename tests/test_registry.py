"""Parts by name."""

import dataclasses
import subprocess
import sys

import pytest

from ltzoo.registry import Entry, Registry, did_you_mean, import_modules


def _registry():
    registry = Registry("fruit")

    @registry.register("apple")
    def apple(first, size=1, color="red"):
        return first, size, color

    return registry


def test_arguments_win_over_the_context_and_unknown_context_is_left_out():
    registry = _registry()
    made = registry.make({"name": "apple", "size": 3}, "x", size=2, color="green", weight=7)
    assert made == ("x", 3, "green")
    assert registry.names() == ["apple"]


@pytest.mark.parametrize(
    "config, text",
    [({"name": "aple"}, "Did you mean 'apple'"), ({}, "name=None"), ({"name": "apple", "taste": 1}, "taste")],
)
def test_errors_name_the_part(config, text):
    with pytest.raises(ValueError, match=text):
        _registry().make(config, "x")


def test_a_name_is_given_once():
    registry = _registry()
    with pytest.raises(ValueError, match="name='apple'"):
        registry.register("apple")(dict)


def test_an_unknown_name_lists_all_of_them_in_one_wording():
    registry = Registry("olive", otherwise=", or a pit", order=len)
    for name in ("green one", "black"):
        registry.register(name)(dict)
    text = "must be an olive, one of black, green one, or a pit. Did you mean 'black'. Received: argument='blak'$"
    with pytest.raises(ValueError, match=text):
        registry.check("blak", "argument")
    assert did_you_mean("nothing like it", registry) == "" and list(registry) == ["black", "green one"]


def test_a_missing_argument_is_named():
    with pytest.raises(ValueError, match="The fruit 'apple': missing a required argument: 'first'"):
        _registry().make({"name": "apple"})


def test_a_decorator_needs_no_arguments_and_may_have_facts():
    @dataclasses.dataclass(frozen=True)
    class Fruit(Entry):
        sweet: bool = False

    registry = Registry("fruit", Fruit)

    @registry.register
    def lemon():
        pass

    @registry.register(sweet=True)
    def mango():
        pass

    assert registry["mango"] == Fruit("mango", mango, sweet=True) and not registry["lemon"].sweet
    assert registry.part("lemon") is lemon and registry.find("melon") is None
    namespace = {}
    registry.export(namespace)
    assert namespace == {"lemon": lemon, "mango": mango}
    registry.remove("lemon")
    assert "lemon" not in registry and len(registry) == 1


def test_files_are_found_in_subfolders_but_not_in_those_of_other_families(tmp_path, monkeypatch):
    folder = tmp_path / "orchard"
    for path in ("trees", "trees/old", "vegetables"):
        (folder / path).mkdir(parents=True)
    for path in (
        "__init__",
        "apple",
        "trees/__init__",
        "trees/old/__init__",
        "trees/old/pear",
        "vegetables/leek",
    ):
        (folder / f"{path}.py").touch()
    for path in ("vegetables/__init__", "vegetables/registry"):
        (folder / f"{path}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    import_modules("orchard", [str(folder)])
    found = {name for name in sys.modules if name.startswith("orchard")}
    assert found == {
        "orchard",
        "orchard.apple",
        "orchard.trees",
        "orchard.trees.old",
        "orchard.trees.old.pear",
    }
    for name in found:
        del sys.modules[name]


def test_datasets_and_formats_are_listed_without_keras():
    code = (
        "import sys; sys.argv[0] = 'ltzoo'\n"
        "from click.testing import CliRunner\n"
        "from ltzoo.cli import cli\n"
        "for kind in ('data', 'formats'):\n"
        "    print(CliRunner().invoke(cli, ['list', '--kind', kind]).stdout)\n"
        "print([name for name in ('keras', 'tensorflow', 'jax', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"digits_lt", "onnx"} <= set(done.stdout.split()) and done.stdout.endswith("[]\n")

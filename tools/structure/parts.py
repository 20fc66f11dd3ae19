"""Find the registries of a package, and count the files that a new part of each family touches."""

import ast
import statistics
from collections.abc import Mapping
from typing import NamedTuple

from tools.structure.source import imported_names, module_dicts

# The folder of each family of parts.
FAMILIES = {
    "loss": "losses",
    "head": "heads",
    "backbone": "backbones",
    "conversion": "backbones.conversions",
    "dataset": "data",
    "augmentation": "data.augmentation",
    "technique": "techniques",
    "recipe": "recipes",
    "export format": "export_formats",
}


class Part(NamedTuple):
    """A part of a family: its name, and the module that defines it."""

    name: str
    module: str


def generic_registries(trees: Mapping[str, ast.Module]) -> list[str]:
    """Return the modules that use the shared registry: `X = Registry(...)` at the top level."""
    return [
        module
        for module, tree in trees.items()
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        and isinstance(node.value, ast.Call)
        and _last_name(node.value.func) == "Registry"
    ]


def own_registries(trees: Mapping[str, ast.Module]) -> list[str]:
    """Return the modules with their own registry: a dict that a function `register...` fills."""
    return [module for module, tree in trees.items() if _has_own_registry(tree)]


def part_tables(trees: Mapping[str, ast.Module], package: str) -> dict[str, list[Part]]:
    """Return hand-written tables of parts, in the folders of families without a registry.

    A table is a dict of two or more names, each with a function, a class, or a call of a class.
    """
    found = {}
    for folder in FAMILIES.values():
        family = _in_folder(trees, f"{package}.{folder}")
        if any(registered(module, tree) for module, tree in family.items()):
            continue
        for module, tree in family.items():
            origins = imported_names(tree)
            for name, table in module_dicts(tree):
                if (
                    len(table.keys) > 1
                    and all(map(_is_text, table.keys))
                    and all(map(_part_name, table.values))
                ):
                    found[f"{module}.{name}"] = [
                        Part(key.value, origins.get(_part_name(value), module))
                        for key, value in zip(table.keys, table.values, strict=True)
                    ]
    return found


def registered(module: str, tree: ast.Module) -> list[Part]:
    """Return the parts that a module registers with a decorator `register`, with or without a name."""
    parts = []
    for node in tree.body:
        for decorator in getattr(node, "decorator_list", ()):
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if _last_name(called) == "register":
                arguments = decorator.args if isinstance(decorator, ast.Call) else []
                named = arguments and _is_text(arguments[0])
                parts.append(Part(arguments[0].value if named else node.name, module))
    return parts


def files_to_touch(trees: Mapping[str, ast.Module], package: str) -> dict[str, tuple[int, float] | None]:
    """Return the minimum and median number of files per part of each family, or None if it has no part.

    The part's own file counts, and every file that imports it or contains its name as a string. Files that register
    other parts do not count: a recipe that names a loss uses it, but does not make it known.
    """
    tables = part_tables(trees, package)
    makers = {module for module, tree in trees.items() if registered(module, tree)}
    others = {
        module: _texts(tree) if _exports_all(tree) else _texts(tree) | _imports(tree)
        for module, tree in trees.items()
        if module not in makers
    }
    counts = {}
    for family, folder in FAMILIES.items():
        modules = _in_folder(trees, f"{package}.{folder}")
        found = {part for module, tree in modules.items() for part in registered(module, tree)}
        found |= {
            part for name, listed in tables.items() if name.rpartition(".")[0] in modules for part in listed
        }
        numbers = [
            1 + sum(_knows(said, part) for module, said in others.items() if module != part.module)
            for part in found
        ]
        counts[family] = (min(numbers), statistics.median(numbers)) if numbers else None
    return counts


def _knows(said, part):
    return part.name in said or f"import {part.module}" in said


def _in_folder(trees, place):
    """Return the modules of a folder, without those of another family inside it."""
    inner = {place.partition(".")[0] + "." + folder for folder in FAMILIES.values()} - {place}
    inner = [folder for folder in inner if folder.startswith(place + ".")]
    return {
        module: tree
        for module, tree in trees.items()
        if f"{module}.".startswith(place + ".") and not any(f"{module}.".startswith(f + ".") for f in inner)
    }


def _texts(tree):
    return {node.value for node in ast.walk(tree) if _is_text(node)}


def _imports(tree):
    """Return "import MODULE" for every module that a module imports from."""
    said = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            said |= {f"import {node.module}", *(f"import {node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            said |= {f"import {alias.name}" for alias in node.names}
    return said


def _exports_all(tree):
    """Return whether a package exports all registered parts as attributes, with or without importing each."""
    calls = (
        node.value for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    )
    return any(_last_name(call.func) == "export" for call in calls)


def _has_own_registry(tree):
    dicts = {name for name, table in module_dicts(tree) if not table.keys}
    return any(
        isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id in dicts
        for function in tree.body
        if isinstance(function, ast.FunctionDef) and function.name.startswith("register")
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
    )


def _last_name(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _part_name(node):
    """Return the name of a function or class, or of the class that a call creates; otherwise ""."""
    if isinstance(node, ast.Call) and _last_name(node.func)[:1].isupper():
        return _last_name(node.func)
    return node.id if isinstance(node, ast.Name) else ""

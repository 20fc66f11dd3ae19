"""Parse the source files of a package."""

import ast
from collections.abc import Iterator
from pathlib import Path


def parse(package: Path) -> dict[str, ast.Module]:
    """Return the syntax tree of every module of a package, by its dotted name."""
    trees = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        trees[name] = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return trees


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Return the module of each `from MODULE import NAME`, by the local name."""
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def module_dicts(tree: ast.Module) -> Iterator[tuple[str, ast.Dict]]:
    """Yield the name and the node of every dict assigned at the top level of a module."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if isinstance(node.value, ast.Dict) and len(targets) == 1 and isinstance(targets[0], ast.Name):
            yield targets[0].id, node.value

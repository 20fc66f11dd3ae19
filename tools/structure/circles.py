"""Find circles among the imports of a package."""

from collections.abc import Iterable, Mapping

import grimp


def import_graph(package: str) -> dict[str, set[str]]:
    """Return the modules that each module imports, including imports in functions and for types."""
    graph = grimp.build_graph(package, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the strongly connected components of two or more modules, largest first.

    Args:
        graph: modules that each module imports.

    Returns:
        sorted module names, one list per circle.
    """
    backward = {module: [] for module in graph}
    for module, imported in graph.items():
        for other in imported:
            backward[other].append(module)
    found, seen = [], set()
    # Kosaraju: walk along the reversed imports, starting from the modules that were finished last.
    for module in reversed(_finished(graph)):
        if module not in seen:
            before = set(seen)
            _walk(backward, module, seen, [])
            found.append(sorted(seen - before))
    return sorted((circle for circle in found if len(circle) > 1), key=lambda circle: (-len(circle), circle))


def _finished(graph):
    order, seen = [], set()
    for module in sorted(graph):
        if module not in seen:
            _walk(graph, module, seen, order)
    return order


def _walk(graph, start, seen, order):
    """Visit every module that `start` reaches; append each to `order` after the modules it reaches."""
    seen.add(start)
    stack = [(start, iter(sorted(graph[start])))]
    while stack:
        module, rest = stack[-1]
        following = next((other for other in rest if other not in seen), None)
        if following is None:
            order.append(module)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(sorted(graph[following]))))

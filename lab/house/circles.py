"""Circular imports of modules and of packages."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lab.house.checkout import Module

Graph = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Circles:
    """Groups whose members all import each other, directly or indirectly. Members are sorted."""

    of_files: tuple[tuple[str, ...], ...]
    of_folders: tuple[tuple[str, ...], ...]


def circles(modules: Iterable[Module]) -> Circles:
    """Find the circles, counting late imports and imports for type checkers too."""
    known = {module.name: module for module in modules}
    named = {name: set(imported(module, known)) - {name} for name, module in known.items()}
    # Importing `a.b` from outside of `a` runs `a/__init__.py` too, so it is an edge to both.
    run = {name: targets | run_on_the_way(name, targets, known) for name, targets in named.items()}
    # Between folders only the named module is an edge: `a` may contain nothing but its packages.
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for name, targets in named.items():
        folders[known[name].package] |= {known[target].package for target in targets}
    return Circles(of_files=components(run), of_folders=components(folders))


def imported(module: Module, known: Collection[str]) -> Iterator[str]:
    """Yield the modules of the project that a module imports: `from a import b` is `a.b` or `a`."""
    for node in ast.walk(module.tree):
        candidates: list[tuple[str, ...]] = []
        if isinstance(node, ast.Import):
            candidates = [(alias.name,) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = absolute(module, node)
            candidates = [(f"{base}.{alias.name}", base) for alias in node.names]
        for names in candidates:
            yield from [name for name in names if name in known][:1]


def absolute(module: Module, node: ast.ImportFrom) -> str:
    """The package after `from`, with the dots of a relative import resolved."""
    if not node.level:
        return node.module or ""
    parts = module.path.parent.parts
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def run_on_the_way(name: str, targets: Iterable[str], known: Collection[str]) -> set[str]:
    """The packages above the targets, except those that contain the importing module."""
    own = {name, *parents(name)}
    return {parent for target in targets for parent in parents(target) if parent in known} - own


def parents(name: str) -> Iterator[str]:
    """Yield `a.b` and `a` for `a.b.c`."""
    while name := name.rpartition(".")[0]:
        yield name


def components(graph: Graph) -> tuple[tuple[str, ...], ...]:
    """The strongly connected components of more than one node, largest first."""
    reached = {node: reachable(graph, node) for node in graph}
    found = {
        tuple(sorted({node, *(each for each in reached[node] if node in reached[each])}))
        for node in graph
    }
    return tuple(sorted((each for each in found if len(each) > 1), key=lambda c: (-len(c), c)))


def reachable(graph: Graph, start: str) -> set[str]:
    """The nodes that a path from `start` reaches; `start` itself only if it is on a circle."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(graph.get(waiting.pop(), ())) - seen
        seen |= new
        waiting.extend(new)
    return seen

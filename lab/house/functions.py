"""Functions with their lengths, and the private ones that are used only once."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from lab.house.checkout import Module

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Documented = FunctionNode | ast.ClassDef | ast.Module

# Calls that keep a function passed to them, to call it later. Such a function is not a helper.
REGISTERING_CALLS = frozenset({"connect", "register", "add_signal_handler", "signal"})


@dataclass(frozen=True, slots=True)
class Function:
    """One function or method. `lines` counts from `def` to the end without the docstring,
    `body_lines` from the first statement after it.
    """

    path: PurePosixPath
    line: int
    qualified_name: str
    lines: int
    body_lines: int
    is_decorated: bool

    @property
    def name(self) -> str:
        return self.qualified_name.rpartition(".")[2]

    @property
    def is_private(self) -> bool:
        """Whether the name begins with an underscore and is not special, such as `__init__`."""
        is_dunder = self.name.startswith("__") and self.name.endswith("__")
        return self.name.startswith("_") and not is_dunder


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a name. `registers` is True if the function is passed on to be called later."""

    name: str
    registers: bool


@dataclass(frozen=True, slots=True)
class Inventory:
    """The functions that a module defines, and the names that it uses."""

    path: PurePosixPath
    functions: tuple[Function, ...]
    uses: Mapping[str, Sequence[Reference]]

    @property
    def foreign_names(self) -> set[str]:
        """The names that the module uses without defining a function of that name."""
        return set(self.uses) - {function.name for function in self.functions}

    @property
    def used_once(self) -> list[Function]:
        """The helpers of the module, without a look at other modules."""
        defined = Counter(function.name for function in self.functions)
        return [
            function
            for function in self.functions
            if function.is_private
            and not function.is_decorated
            and defined[function.name] == 1
            and [use.registers for use in self.uses.get(function.name, ())] == [False]
        ]


def functions(module: Module) -> Iterator[Function]:
    """Yield every function of the module, including methods and nested ones but no lambdas."""
    for prefix, node in definitions(module.tree):
        if isinstance(node, FunctionNode):
            yield Function(
                path=module.path,
                line=node.lineno,
                qualified_name=f"{prefix}{node.name}",
                lines=last_line(node) - node.lineno + 1 - docstring_lines(node),
                body_lines=body_lines(node),
                is_decorated=bool(node.decorator_list),
            )


def definitions(
    tree: ast.AST, prefix: str = ""
) -> Iterator[tuple[str, FunctionNode | ast.ClassDef]]:
    """Yield every function and class below the tree, with the dotted name of its surroundings."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.expr):  # contains no definition; most nodes are expressions
            continue
        inner = prefix
        if isinstance(node, FunctionNode | ast.ClassDef):
            yield prefix, node
            inner = f"{prefix}{node.name}."
        yield from definitions(node, inner)


def docstring(node: Documented) -> ast.Expr | None:
    """The statement that is the docstring."""
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return first if isinstance(first.value.value, str) else None
    return None


def docstring_lines(node: Documented) -> int:
    found = docstring(node)
    return last_line(found) - found.lineno + 1 if found else 0


def body_lines(node: FunctionNode) -> int:
    """The number of lines from the first statement after the docstring to the end."""
    statements = node.body[1:] if docstring(node) else node.body
    return last_line(node) - statements[0].lineno + 1 if statements else 0


def last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def helpers(modules: Iterable[Module]) -> list[Function]:
    """The private functions that are used in exactly one place, in their own module.

    Functions that may have other callers are left out: decorated and registered ones, and names
    that the module defines twice, such as overridden methods.
    """
    inventories = [inventory(module) for module in modules]
    taken: defaultdict[str, set[PurePosixPath]] = defaultdict(set)
    for each in inventories:
        for name in each.foreign_names:
            taken[name].add(each.path)
    return [
        function
        for each in inventories
        for function in each.used_once
        if not taken[function.name] - {each.path}
    ]


def inventory(module: Module) -> Inventory:
    uses: defaultdict[str, list[Reference]] = defaultdict(list)
    for each in references(module.tree):
        uses[each.name].append(each)
    return Inventory(module.path, tuple(functions(module)), uses)


def references(tree: ast.Module) -> Iterator[Reference]:
    """Yield every use of a name: plain, as an attribute, imported, or as a string for `getattr`."""
    called: set[int] = set()
    given_away: set[int] = set()
    for node, is_inside in nodes(tree):
        if isinstance(node, ast.Call):
            called.add(id(node.func))
            given_away.update(map(id, arguments(node) if registers(node) else ()))
        # Outside of functions, a name that is not called is part of a table or a class attribute.
        is_listed = not is_inside and id(node) not in called
        for name in names(node):
            yield Reference(name, registers=is_listed or id(node) in given_away)


def nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Yield every node after its parent, and whether it is inside a function."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, is_inside = waiting.pop()
        yield node, is_inside
        is_inside = is_inside or isinstance(node, FunctionNode)
        waiting.extend((child, is_inside) for child in ast.iter_child_nodes(node))


def names(node: ast.AST) -> Iterator[str]:
    """Yield the names that the node itself refers to."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def registers(call: ast.Call) -> bool:
    """Whether the call stores its arguments to call them later."""
    name = next(names(call.func), "")
    return name in REGISTERING_CALLS


def arguments(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)

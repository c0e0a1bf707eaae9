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

# Who receives a function as an argument of these calls it later: it is no helper of its module.
REGISTERING_CALLS = frozenset({"connect", "register", "add_signal_handler", "signal"})


@dataclass(frozen=True, slots=True)
class Function:
    """One function or method. `lines` counts from `def` to the end, without the docstring.

    `body_lines` counts from the first statement; a docstring is none.
    """

    path: PurePosixPath
    line: int
    qualified_name: str
    lines: int
    body_lines: int
    is_decorated: bool

    @property
    def name(self) -> str:
        """The last part of the qualified name."""
        return self.qualified_name.rpartition(".")[2]

    @property
    def is_private(self) -> bool:
        """Whether the name starts with an underscore and is no dunder."""
        is_dunder = self.name.startswith("__") and self.name.endswith("__")
        return self.name.startswith("_") and not is_dunder


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a name. `registers`: it gives a function away to be called later."""

    name: str
    registers: bool


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a module defines and what it refers to, by name."""

    path: PurePosixPath
    functions: tuple[Function, ...]
    uses: Mapping[str, Sequence[Reference]]

    @property
    def foreign_names(self) -> set[str]:
        """The names that it uses without defining a function of that name."""
        return set(self.uses) - {function.name for function in self.functions}

    @property
    def used_once(self) -> list[Function]:
        """Its helpers, as far as the module alone can tell."""
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
    """Every function of the module, also methods and nested ones; no lambdas."""
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
    """Every function and class below the tree, with the dotted names of what encloses it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.expr):  # holds no definition, and most of the nodes
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
    """How many lines the docstring takes."""
    found = docstring(node)
    return last_line(found) - found.lineno + 1 if found else 0


def body_lines(node: FunctionNode) -> int:
    """The lines from the first statement that is no docstring to the end."""
    statements = node.body[1:] if docstring(node) else node.body
    return last_line(node) - statements[0].lineno + 1 if statements else 0


def last_line(node: ast.stmt) -> int:
    """The line on which the statement ends."""
    return node.end_lineno or node.lineno


def helpers(modules: Iterable[Module]) -> list[Function]:
    """The private functions that one line of their own module refers to, and nothing else.

    Left out is what may be called by others all the same: decorated functions, those that are
    registered somewhere, and names that the module defines twice, such as overridden methods.
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
    """Look through one module."""
    uses: defaultdict[str, list[Reference]] = defaultdict(list)
    for each in references(module.tree):
        uses[each.name].append(each)
    return Inventory(module.path, tuple(functions(module)), uses)


def references(tree: ast.Module) -> Iterator[Reference]:
    """Every use of a name: plain, as an attribute, imported, or as a text for `getattr`."""
    called: set[int] = set()
    given_away: set[int] = set()
    for node, is_inside in nodes(tree):
        if isinstance(node, ast.Call):
            called.add(id(node.func))
            given_away.update(map(id, arguments(node) if registers(node) else ()))
        # Outside of functions a name that is not called stands in a table or a class attribute.
        is_listed = not is_inside and id(node) not in called
        for name in names(node):
            yield Reference(name, registers=is_listed or id(node) in given_away)


def nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Every node after the one that holds it, and whether it is inside of a function."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, is_inside = waiting.pop()
        yield node, is_inside
        is_inside = is_inside or isinstance(node, FunctionNode)
        waiting.extend((child, is_inside) for child in ast.iter_child_nodes(node))


def names(node: ast.AST) -> Iterator[str]:
    """The names that the node itself refers to."""
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
    """The positional and the named arguments."""
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)

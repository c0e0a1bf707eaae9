"""Lines of code, of comments and of docstrings."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from lab.house.checkout import Module
from lab.house.functions import definitions, docstring, last_line

# The beginnings of comments for programs, such as linters. They explain nothing to a reader.
FOR_TOOLS = re.compile(r"#!|#\s*(?:noqa|type:\s*ignore|pragma|fmt:|ruff:)")

LAYOUT = frozenset(
    {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE,
        tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineCount:
    """A line with code and a comment counts for both. A docstring is not code."""

    code: int = 0
    comments: int = 0
    docstrings: int = 0

    def __add__(self, other: Self) -> LineCount:
        return LineCount(
            self.code + other.code,
            self.comments + other.comments,
            self.docstrings + other.docstrings,
        )

    @property
    def comments_per_100(self) -> float:
        return round(100 * self.comments / self.code, 1) if self.code else 0.0

    @property
    def docstrings_per_100(self) -> float:
        return round(100 * self.docstrings / self.code, 1) if self.code else 0.0


def count(modules: Iterable[Module]) -> LineCount:
    return sum(map(count_one, modules), LineCount())


def count_one(module: Module) -> LineCount:
    # Only the tokenizer sees comments; the syntax tree has none.
    tokens = list(tokenize.generate_tokens(io.StringIO(module.text).readline))
    with_docstring = set(docstring_line_numbers(module.tree))
    with_code = {
        line
        for token in tokens
        if token.type not in LAYOUT
        for line in range(token.start[0], token.end[0] + 1)
    }
    comments = sum(
        token.type == tokenize.COMMENT and not FOR_TOOLS.match(token.string) for token in tokens
    )
    return LineCount(len(with_code - with_docstring), comments, len(with_docstring))


def docstring_line_numbers(tree: ast.Module) -> Iterator[int]:
    """The lines of the docstrings of the module, its classes and its functions."""
    for node in (tree, *(node for _, node in definitions(tree))):
        if found := docstring(node):
            yield from range(found.lineno, last_line(found) + 1)

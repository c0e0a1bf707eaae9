"""Every house number of a checkout, from its files."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from lab.house import comments
from lab.house.checkout import Checkout, Module, TextFile
from lab.house.circles import Circles, circles
from lab.house.comments import LineCount
from lab.house.functions import Function, functions, helpers
from lab.house.words import Occurrence, occurrences, patterns

LONG_FUNCTION = 30
LONG_MODULE = 400
# In lines, like the limits above. A value that equals its limit is within it.
SHORT_HELPER = 3

# How many of the longest functions the report names.
NAMED_FUNCTIONS = 5


@dataclass(frozen=True, slots=True)
class Lengths:
    """The lengths of modules or functions in lines; zeros if there are none."""

    count: int
    median: float
    p95: int
    longest: int
    over_limit: int


@dataclass(frozen=True, slots=True)
class HelperCount:
    """`used_once` and `short` are parts of `private`; the percentage is of all functions."""

    private: int
    used_once: int
    short: int
    percent_of_functions: float


@dataclass(frozen=True, slots=True)
class Part:
    """The numbers of the source or of the tests, with all modules, functions and helpers."""

    lines: int
    modules: tuple[Module, ...]
    functions: tuple[Function, ...]
    helpers: tuple[Function, ...]
    module_lengths: Lengths
    function_lengths: Lengths
    helper_count: HelperCount


@dataclass(frozen=True, slots=True)
class FolderCounts:
    """The comments of one top-level folder, or of all of them."""

    name: str
    source: LineCount
    tests: LineCount


@dataclass(frozen=True, slots=True)
class WordCount:
    """How often a banned word occurs in the source, the tests and the Markdown files."""

    word: str
    source: int
    tests: int
    documents: int


@dataclass(frozen=True, slots=True)
class Numbers:
    revision: str
    source: Part
    tests: Part
    folders: tuple[FolderCounts, ...]
    all_folders: FolderCounts
    occurrences: tuple[Occurrence, ...]
    words: tuple[WordCount, ...]
    circles: Circles

    @property
    def tests_per_source_line(self) -> float:
        return round(self.tests.lines / self.source.lines, 2) if self.source.lines else 0.0


def measure(checkout: Checkout) -> Numbers:
    """Measure everything. This takes some seconds per 50,000 lines."""
    found_helpers = helpers(checkout.modules)
    found_folders = tuple(folders(checkout.modules))
    found_words = tuple(occurrences([*checkout.modules, *checkout.documents]))
    return Numbers(
        revision=checkout.revision,
        source=part(checkout.source, found_helpers),
        tests=part(checkout.tests, found_helpers),
        folders=found_folders,
        all_folders=together(found_folders),
        occurrences=found_words,
        words=tuple(word_count(word, found_words) for word in patterns()),
        circles=circles(checkout.source),
    )


def part(modules: Sequence[Module], found_helpers: Iterable[Function]) -> Part:
    """Measure these modules. Helpers of other modules are ignored."""
    paths = {module.path for module in modules}
    own_functions = [function for module in modules for function in functions(module)]
    own_helpers = [helper for helper in found_helpers if helper.path in paths]
    return Part(
        lines=sum(module.lines for module in modules),
        modules=tuple(sorted(modules, key=lambda module: (-module.lines, module.path))),
        functions=tuple(
            sorted(own_functions, key=lambda each: (-each.lines, each.path, each.line))
        ),
        helpers=tuple(
            sorted(own_helpers, key=lambda each: (each.body_lines, each.path, each.line))
        ),
        module_lengths=lengths([module.lines for module in modules], limit=LONG_MODULE),
        function_lengths=lengths([each.lines for each in own_functions], limit=LONG_FUNCTION),
        helper_count=helper_count(own_functions, own_helpers),
    )


def lengths(values: Collection[int], *, limit: int) -> Lengths:
    """Summarise the lengths. The 95th percentile is one of the values (nearest rank)."""
    ranked = sorted(values) or [0]
    return Lengths(
        count=len(values),
        median=statistics.median(ranked),
        p95=ranked[math.ceil(0.95 * len(ranked)) - 1],
        longest=ranked[-1],
        over_limit=sum(value > limit for value in ranked),
    )


def helper_count(found: Collection[Function], used_once: Collection[Function]) -> HelperCount:
    """Count the private functions and, among them, the helpers."""
    return HelperCount(
        private=sum(function.is_private for function in found),
        used_once=len(used_once),
        short=sum(function.body_lines <= SHORT_HELPER for function in used_once),
        percent_of_functions=round(100 * len(used_once) / len(found), 1) if found else 0.0,
    )


def folders(modules: Sequence[Module]) -> list[FolderCounts]:
    """Each top-level folder, sorted by name."""
    names = sorted({module.folder for module in modules})
    return [folder(name, [each for each in modules if each.folder == name]) for name in names]


def folder(name: str, modules: Sequence[Module]) -> FolderCounts:
    return FolderCounts(
        name=name,
        source=comments.count(module for module in modules if not module.is_test),
        tests=comments.count(module for module in modules if module.is_test),
    )


def together(found: Sequence[FolderCounts]) -> FolderCounts:
    source = sum((each.source for each in found), LineCount())
    return FolderCounts("all", source, sum((each.tests for each in found), LineCount()))


def word_count(word: str, found: Iterable[Occurrence]) -> WordCount:
    kinds = Counter(kind(each.file) for each in found if each.word == word)
    return WordCount(word, kinds["source"], kinds["tests"], kinds["documents"])


def kind(file: TextFile) -> str:
    if not isinstance(file, Module):
        return "documents"
    return "tests" if file.is_test else "source"

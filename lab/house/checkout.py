"""The tracked files of a git checkout, read once."""

from __future__ import annotations

import ast
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


class NotMeasurable(Exception):
    """The folder cannot be measured; the message says what to do."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """One tracked file; `path` is relative to the checkout."""

    path: PurePosixPath
    text: str

    @property
    def is_test(self) -> bool:
        """Whether it is a test, or a fake or fixture that only tests import."""
        name = self.path.name
        return "tests" in self.path.parts or name == "conftest.py" or name.startswith("test_")

    @property
    def folder(self) -> str:
        """The top-level folder; "." for a file beside them."""
        return self.path.parts[0] if len(self.path.parts) > 1 else "."


@dataclass(frozen=True, slots=True)
class Module(TextFile):
    """One Python file and its syntax tree."""

    tree: ast.Module

    @property
    def name(self) -> str:
        """`core/http/__init__.py` is `core.http`."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def package(self) -> str:
        """The dotted package that holds the module; a package holds its own `__init__.py`."""
        return ".".join(self.path.parent.parts) or "."

    @property
    def lines(self) -> int:
        """Lines of the file, blank ones included."""
        return len(self.text.splitlines())


@dataclass(frozen=True, slots=True)
class Checkout:
    """Everything that is measured. Migrations are generated, so they are left out."""

    revision: str
    modules: tuple[Module, ...]
    documents: tuple[TextFile, ...]

    @property
    def source(self) -> tuple[Module, ...]:
        """The modules that are no tests."""
        return tuple(module for module in self.modules if not module.is_test)

    @property
    def tests(self) -> tuple[Module, ...]:
        """The modules that are tests."""
        return tuple(module for module in self.modules if module.is_test)


def read(folder: Path) -> Checkout:
    """Read the checkout that holds the folder, with its uncommitted changes to tracked files.

    Raises NotMeasurable for a folder outside of git, and for a file that cannot be parsed.
    """
    root = Path(top_level(folder))
    return Checkout(
        revision=revision(root),
        modules=tuple(parsed(root, path) for path in tracked(root, "*.py")),
        documents=tuple(document(root, path) for path in tracked(root, "*.md")),
    )


def top_level(folder: Path) -> str:
    """The root of the checkout that holds the folder."""
    if not folder.is_dir():
        raise NotMeasurable(f"{folder} is no folder. Name the folder of a git checkout.")
    answer = git(folder, "rev-parse", "--show-toplevel")
    if answer.returncode or not answer.stdout.strip():
        reason = answer.stderr.strip() or "it has no working tree"
        raise NotMeasurable(
            f"{folder} is no git checkout ({reason}). Name the folder of a clone or of a worktree."
        )
    return answer.stdout.removesuffix("\n")


def revision(root: Path) -> str:
    """The abbreviated commit, with `-dirty` when tracked files have changed since."""
    answer = git(root, "describe", "--always", "--dirty", "--exclude=*")
    return answer.stdout.strip() or "no commit"


def tracked(root: Path, pattern: str) -> Iterator[PurePosixPath]:
    """The tracked files that match and still exist, sorted."""
    answer = git(root, "ls-files", "-z", "--", pattern)
    if answer.returncode:
        raise NotMeasurable(f"git cannot list the files of {root}: {answer.stderr.strip()}")
    for name in sorted({*answer.stdout.split("\0")} - {""}):
        path = PurePosixPath(name)
        if "migrations" not in path.parts and (root / path).is_file():
            yield path


def parsed(root: Path, path: PurePosixPath) -> Module:
    """One Python file, decoded as Python decodes it."""
    try:
        with tokenize.open(root / path) as file:
            text = file.read()
        return Module(path, text, ast.parse(text))
    except (SyntaxError, ValueError) as error:
        raise NotMeasurable(
            f"{path} cannot be parsed ({error}). Correct it, or take it out of git."
        ) from error


def document(root: Path, path: PurePosixPath) -> TextFile:
    """One Markdown file. Bytes that are no UTF-8 do not matter here."""
    return TextFile(path, (root / path).read_text(encoding="utf-8", errors="replace"))


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run git in the folder. Raises NotMeasurable when git is not installed."""
    command = ["git", "-C", str(folder), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  fixed words
    except FileNotFoundError as error:
        raise NotMeasurable("git is not installed. Install it, then repeat.") from error

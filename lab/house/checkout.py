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
        """Whether it is a test, or a fake or a fixture for tests."""
        name = self.path.name
        return "tests" in self.path.parts or name == "conftest.py" or name.startswith("test_")

    @property
    def folder(self) -> str:
        """The top-level folder, or "." for a file in the root."""
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
    """The measured files. Migrations are generated, so they are left out."""

    revision: str
    modules: tuple[Module, ...]
    documents: tuple[TextFile, ...]

    @property
    def source(self) -> tuple[Module, ...]:
        return tuple(module for module in self.modules if not module.is_test)

    @property
    def tests(self) -> tuple[Module, ...]:
        return tuple(module for module in self.modules if module.is_test)


def read(folder: Path) -> Checkout:
    """Read the checkout that contains the folder, with uncommitted changes to tracked files.

    Raises NotMeasurable for a folder outside of git or a file that cannot be parsed.
    """
    root = Path(top_level(folder))
    return Checkout(
        revision=revision(root),
        modules=tuple(parsed(root, path) for path in tracked(root, "*.py")),
        documents=tuple(document(root, path) for path in tracked(root, "*.md")),
    )


def top_level(folder: Path) -> str:
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
    """The abbreviated commit, with `-dirty` if tracked files have changed since."""
    answer = git(root, "describe", "--always", "--dirty", "--exclude=*")
    return answer.stdout.strip() or "no commit"


def tracked(root: Path, pattern: str) -> Iterator[PurePosixPath]:
    """Yield the tracked files that match the pattern and still exist, sorted."""
    answer = git(root, "ls-files", "-z", "--", pattern)
    if answer.returncode:
        raise NotMeasurable(f"git cannot list the files of {root}: {answer.stderr.strip()}")
    # A set, because git names a file with a merge conflict several times.
    for name in sorted({*answer.stdout.split("\0")} - {""}):
        path = PurePosixPath(name)
        if "migrations" not in path.parts and (root / path).is_file():
            yield path


def parsed(root: Path, path: PurePosixPath) -> Module:
    """Read one Python file with the encoding that it declares."""
    try:
        with tokenize.open(root / path) as file:
            text = file.read()
        return Module(path, text, ast.parse(text))
    except (SyntaxError, ValueError) as error:
        raise NotMeasurable(
            f"{path} cannot be parsed ({error}). Correct it, or take it out of git."
        ) from error


def document(root: Path, path: PurePosixPath) -> TextFile:
    """Read one Markdown file. Bytes that are not UTF-8 are replaced."""
    return TextFile(path, (root / path).read_text(encoding="utf-8", errors="replace"))


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run git in the folder. Raises NotMeasurable if git is not installed."""
    command = ["git", "-C", str(folder), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  fixed words
    except FileNotFoundError as error:
        raise NotMeasurable("git is not installed. Install it, then repeat.") from error

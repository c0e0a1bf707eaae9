"""The project's own files and their imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("core", "settings", "api_logs", "storage", "instagram", "authentication")
FEATURES = ("features",)
TOOLS = ("config", "embedded", "lab", "tests")
SENDERS = ("send", "send_on_commit")
TEXT_SUFFIXES = frozenset({".py", ".md", ".toml", ".yml", ".yaml", ".sh", ".conf", ".html", ".css"})


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name, in full: `from core import tasks` is `core.tasks`."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def python_files(*folders: str) -> Iterator[Path]:
    """Every Python file below the folders, except migrations, which are generated."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def text_files() -> Iterator[Path]:
    """Every text file of the project, also those of the root."""
    folders = [ROOT / folder for folder in (*APPS, *FEATURES, *TOOLS, "compose", "docs")]
    candidates = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    for path in sorted(candidates):
        if path.is_file() and path.suffix in TEXT_SUFFIXES:
            yield path


def module_name(path: Path) -> str:
    """`instagram/models/__init__.py` is `instagram.models`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_test(module: str) -> bool:
    """Whether the module belongs to the tests, which may import everything."""
    return "tests" in module.split(".") or module.rpartition(".")[2] == "conftest"


def imports(module: str, source: str) -> list[Import]:
    """Every import of the source, including those in functions and for type checkers."""
    found: list[Import] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            targets = sent_tasks(module, node)
        elif isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            targets = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found.extend(Import(module, target, node.lineno) for target in targets)
    return found


def sent_tasks(module: str, call: ast.Call) -> list[str]:
    """The task of another app that the call sends by name, which counts as an import of that app.

    A task of the own app does not count: that is how an inner room reaches the edge of its app.
    """
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in SENDERS or not call.args or not isinstance(call.args[0], ast.Constant):
        return []
    task = str(call.args[0].value)
    return [] if task.split(".", maxsplit=1)[0] == module.split(".", maxsplit=1)[0] else [task]


def project_imports(*folders: str) -> list[Import]:
    """The imports of every module below the folders, except tests."""
    return [
        each
        for path in python_files(*folders)
        if not is_test(module := module_name(path))
        for each in imports(module, path.read_text())
    ]


def within(name: str, package: str) -> bool:
    """Whether the dotted name is the package or in it."""
    return name == package or name.startswith(f"{package}.")

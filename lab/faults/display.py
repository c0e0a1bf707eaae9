"""Terminal output: progress and violations on standard error, figures on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

CONSOLE = Console(stderr=True)
Thing = TypeVar("Thing")


def progress(things: Iterable[Thing], *, name: str, total: int) -> Iterator[Thing]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=CONSOLE) as bar:
        task = bar.add_task(name, total=total)
        for thing in things:
            bar.advance(task)
            yield thing


def message(text: str) -> None:
    CONSOLE.print(text, markup=False, highlight=False, soft_wrap=True)


def figures(part: str, found: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the figures of one part, as JSON or one per line."""
    if as_json:
        sys.stdout.write(json.dumps({part: found}, indent=2) + "\n")
    else:
        lines = [f"{name.replace('_', ' '):<24} {value}" for name, value in found.items()]
        sys.stdout.write("\n".join([part, *(f"  {line}" for line in lines)]) + "\n")
    sys.stdout.flush()

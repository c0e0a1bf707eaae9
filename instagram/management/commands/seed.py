"""`manage.py seed`: a large, realistic archive for trying out and for benchmarks."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.db import connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from core.management.examples import CommandWithExamples
from instagram.seeding import AlreadySeeded, Seeded, SeedSize, seed

LIMITS = {"profiles": 100_000, "posts": 5_000_000, "stories": 1_000_000, "seed": 9_999}


class Command(CommandWithExamples):
    """Writes everything or nothing, and each seed once."""

    help = "Fill the database with made-up profiles, posts and stories (not for production data)."
    EXAMPLES = """
examples:
  manage.py seed
  manage.py seed --profiles 500 --posts 100000 --stories 5000
  manage.py seed --seed 2 --json
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Sizes; nonsense ends with exit status 2."""
        for name, least, default in (("profiles", 1, 50), ("posts", 0, 1000), ("stories", 0, 200)):
            parser.add_argument(
                f"--{name}",
                type=whole(least, name),
                default=default,
                metavar="COUNT",
                help=f"how many, {default:,} by default",
            )
        parser.add_argument(
            "--seed",
            type=whole(0, "seed"),
            default=1,
            metavar="NUMBER",
            help="another number, another data set; 1 by default",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: str, **options: Any) -> None:
        """Seed, and tell the planner about it."""
        size = SeedSize(*(options[name] for name in ("profiles", "posts", "stories", "seed")))
        started = time.monotonic()
        try:
            seeded = self.seed(size)
        except AlreadySeeded:
            seeded = Seeded()
        seconds = round(time.monotonic() - started, 2)
        self.stdout.write(
            json.dumps({"seed": size.seed, **asdict(seeded), "seconds": seconds})
            if options["json"]
            else describe(size.seed, seeded, seconds)
        )

    def seed(self, size: SeedSize) -> Seeded:
        """Show progress on standard error while the rows are written."""
        columns = ("[bold]seeding", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("", total=size.total)
            seeded = seed(size, advance=lambda done: progress.advance(bar, done))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return seeded


def whole(least: int, name: str) -> Any:
    """A reader of whole numbers from `least` to what the name allows."""

    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= LIMITS[name]:
            raise argparse.ArgumentTypeError(f"choose from {least} to {LIMITS[name]:,}")
        return number

    read.__name__ = "number"  # argparse names it where the text is no number
    return read


def describe(number: int, seeded: Seeded, seconds: float) -> str:
    """The result in a sentence."""
    if not seeded.profiles:
        return f"Seed {number} is in this database already; nothing was added. Try another --seed."
    counts = ", ".join(f"{count:,} {name}" for name, count in asdict(seeded).items())
    return f"Added {counts} in {seconds} s."

"""`manage.py seed`: a large, realistic archive for demos and benchmarks."""

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
    """Writes all rows or none. Each seed can be written once."""

    help = "Fill the database with made-up profiles, posts and stories (not for production data)."
    EXAMPLES = """
examples:
  manage.py seed
  manage.py seed --profiles 500 --posts 100000 --stories 5000
  manage.py seed --seed 2 --json
"""

    def add_arguments(self, parser: CommandParser) -> None:
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
            help="each number makes another data set; 1 by default",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: str, **options: Any) -> None:
        """Write the rows and analyze the tables."""
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
        """Write the rows and show progress on standard error."""
        columns = ("[bold]seeding", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("", total=size.total)
            seeded = seed(size, advance=lambda done: progress.advance(bar, done))
        # Without statistics of the new rows, PostgreSQL would choose plans for empty tables.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return seeded


def whole(least: int, name: str) -> Any:
    """Return a parser for whole numbers from `least` to the maximum of that name."""

    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= LIMITS[name]:
            raise argparse.ArgumentTypeError(f"choose from {least} to {LIMITS[name]:,}")
        return number

    read.__name__ = "number"  # shown in argparse's error message
    return read


def describe(number: int, seeded: Seeded, seconds: float) -> str:
    if not seeded.profiles:
        return f"Seed {number} is in this database already; nothing was added. Try another --seed."
    counts = ", ".join(f"{count:,} {name}" for name, count in asdict(seeded).items())
    return f"Added {counts} in {seconds} s."

"""`./dev verify [PART…]`: prove what the archive promises, on services and a simulator of its own.

matrix    each fault alone, then random combinations with random kills
workers   real workers that are killed, beside services that are restarted
month     a simulated month of story polls, beside polls at a fixed pace

All of them without any. Exit status 0: every promise held, 1: one was broken, 2: bad usage.
"""

from __future__ import annotations

import argparse
import importlib
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.faults import disk, services
from lab.faults.services import EmbeddedServices
from lab.simulator import process

if TYPE_CHECKING:
    from lab.faults.testbed import Testbed

PARTS = ("matrix", "workers", "month")


def main(words: Sequence[str]) -> int:
    """Do what the words say."""
    options = parser().parse_args(words)
    disk.enter_namespace("verify", words)
    with (
        tempfile.TemporaryDirectory(prefix="verify-") as folder,
        running_testbed(Path(folder)) as testbed,
    ):
        parts = [importlib.import_module(f"lab.faults.{part}") for part in options.parts or PARTS]
        return max(int(part.run(testbed, options)) for part in parts)


@contextmanager
def running_testbed(folder: Path) -> Iterator[Testbed]:
    """Services, a simulator and Django on top of them, all of it as long as the context."""
    with (
        services.running(folder) as own,
        disk.small(folder / "media") as small_disk,
        process.start(world="generated", profiles=0) as provider,
    ):
        os.environ |= {
            "CORE_API_URL": provider.core_api_url,
            "CORE_API_TOKEN": provider.token,
            "MEDIA_TRUSTED_HOSTS": provider.cdn_host,
        }
        start_django(folder, own)
        testbed = importlib.import_module("lab.faults.testbed")
        yield testbed.Testbed(provider.control, folder / "cases", own, small_disk)


def start_django(folder: Path, own: EmbeddedServices) -> None:
    """Set Django and Celery up in this process, with every table made."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "DATABASE_URL": own.database_url,
        "REDIS_URL": own.redis_url,
        "INSTARCHIVER_DATA": str(folder),
    }
    importlib.import_module("django").setup()
    importlib.import_module("config.celery_app").app.loader.import_default_modules()
    importlib.import_module("django.core.management").call_command("migrate", verbosity=0)


def parser() -> argparse.ArgumentParser:
    """The options of all parts."""
    formatter = argparse.RawDescriptionHelpFormatter
    made = argparse.ArgumentParser(
        "./dev verify", description=__doc__, formatter_class=formatter, allow_abbrev=False
    )
    made.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS), type=part)
    made.add_argument("--json", action="store_true", help="print the figures as JSON")
    matrix = made.add_argument_group("matrix")
    matrix.add_argument("--seeds", type=int, default=60, help="how many combinations")
    matrix.add_argument("--seed", type=int, default=1, help="the first of them")
    matrix.add_argument(
        "--only", action="append", default=[], metavar="CASE", help="this case alone"
    )
    matrix.add_argument("--minutes", type=float, default=math.inf, help="begin no case after that")
    workers = made.add_argument_group("workers")
    workers.add_argument("--rounds", type=int, default=2, help="of a minute or three each")
    month = made.add_argument_group("month")
    month.add_argument("--profiles", type=int, default=1000)
    month.add_argument("--days", type=int, default=30)
    return made


def part(word: str) -> str:
    """One of PARTS. Raises ArgumentTypeError."""
    if word not in PARTS:
        raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(PARTS)}")
    return word


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

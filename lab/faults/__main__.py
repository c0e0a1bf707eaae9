"""`./dev verify [PART…]`: test the archive's promises under faults, on services of its own.

matrix    each fault alone, then random combinations with random kills
workers   real workers that are killed while their services restart
month     a simulated month of story polls, compared with polls at fixed intervals

Without PART, all three run. Exit status 0: no promise was broken, 1: one was, 2: bad usage.
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
    from lab.faults.sandbox import Sandbox

PARTS = ("matrix", "workers", "month")


def main(words: Sequence[str]) -> int:
    options = parser().parse_args(words)
    disk.enter_namespace()
    with (
        tempfile.TemporaryDirectory(prefix="verify-") as folder,
        running_sandbox(Path(folder)) as sandbox,
    ):
        parts = [importlib.import_module(f"lab.faults.{part}") for part in options.parts or PARTS]
        return max(int(part.run(sandbox, options)) for part in parts)


@contextmanager
def running_sandbox(folder: Path) -> Iterator[Sandbox]:
    """Start services and a simulator, set Django up on them, and stop all of it at the end."""
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
        sandbox = importlib.import_module("lab.faults.sandbox")
        yield sandbox.Sandbox(provider.control, folder / "cases", own, small_disk)


def start_django(folder: Path, own: EmbeddedServices) -> None:
    """Configure Django and Celery in this process and run the migrations."""
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
    formatter = argparse.RawDescriptionHelpFormatter
    made = argparse.ArgumentParser(
        "./dev verify", description=__doc__, formatter_class=formatter, allow_abbrev=False
    )
    made.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS), type=part)
    made.add_argument("--json", action="store_true", help="print the figures as JSON")
    matrix = made.add_argument_group("matrix")
    matrix.add_argument("--seeds", type=int, default=60, help="number of combinations")
    matrix.add_argument("--seed", type=int, default=1, help="first seed")
    matrix.add_argument(
        "--only", action="append", default=[], metavar="CASE", help="run only this case"
    )
    matrix.add_argument("--minutes", type=float, default=math.inf, help="start no case after this")
    workers = made.add_argument_group("workers")
    workers.add_argument("--rounds", type=int, default=2, help="one to three minutes each")
    month = made.add_argument_group("month")
    month.add_argument("--profiles", type=int, default=1000)
    month.add_argument("--days", type=int, default=30)
    return made


def part(word: str) -> str:
    """Validate a part's name. Raises ArgumentTypeError."""
    if word not in PARTS:
        raise argparse.ArgumentTypeError(f"{word!r} is not one of {', '.join(PARTS)}")
    return word


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

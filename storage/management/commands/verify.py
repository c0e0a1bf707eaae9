"""`manage.py verify`: is every stored file still there, bit by bit?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Sum
from django.utils import timezone

from core.management.examples import CommandWithExamples
from storage.errors import StoreMissing
from storage.fixity import inspection, verify
from storage.fixity.inspection import Findings
from storage.fixity.verify import Seen
from storage.management.display import VerifyProgress
from storage.models import StoredFile

INTERRUPTED = "Stopped. What was verified is written down; the next call begins with the rest."
LEFT = "The workers see to it within minutes; `manage.py verify --repair` does so now."
MISSING = "Nothing was given up. If it is, and they are lost: manage.py verify --repair --mounted"


class Command(CommandWithExamples):
    """Reads files; changes only what it is asked to."""

    help = "Hash stored files again, and name what is damaged, lost or orphaned."
    EXAMPLES = """
examples:
  manage.py verify
  manage.py verify --sample 1000
  manage.py verify --repair --json
  manage.py verify --repair --mounted
  manage.py verify --delete-orphans

exit status: 0 all is well, 1 something was damaged, lost or orphaned, 2 bad usage
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """How much to hash, and what to do about what is found."""
        much = parser.add_mutually_exclusive_group()
        much.add_argument(
            "--sample",
            type=number,
            metavar="N",
            help="only the N files that were verified longest ago; no search for orphans",
        )
        much.add_argument("--all", action="store_true", help="every file, the default")
        parser.add_argument(
            "--repair",
            action="store_true",
            help="bring files back: from the copy in MEDIA_COPY, else they are downloaded again",
        )
        parser.add_argument(
            "--mounted",
            action="store_true",
            help="with --repair: the folder is the right one, even if most files are missing",
        )
        parser.add_argument(
            "--delete-orphans",
            action="store_true",
            help="delete files and rows that nothing has referred to for some hours",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end")

    def handle(self, *_args: str, **options: Any) -> None:
        """Verify, repair, look for orphans, report."""
        if options["sample"] and options["delete_orphans"]:
            raise CommandError("--sample does not look for orphans", returncode=2)
        if options["mounted"] and not options["repair"]:
            raise CommandError("--mounted is for --repair", returncode=2)
        now = timezone.now()
        findings = self.verify(now, options)
        if options["repair"]:
            inspection.repair(findings, now)
        inspection.find_unrepaired(findings)
        if not options["sample"]:
            inspection.find_orphans(findings, now)
        if options["delete_orphans"]:
            inspection.delete_orphans(findings, now)
        self.tell(findings, options)

    def verify(self, now: datetime, options: dict[str, Any]) -> Findings:
        """Hash the files. CommandError when interrupted, or when the folder must be missing."""
        act = _what_to_do(options)
        findings = Findings()
        files = StoredFile.objects.verified_before(now)[: options["sample"]]
        total: int = files.aggregate(total=Sum("size"))["total"] or 0
        try:
            with (
                VerifyProgress(total) as progress,
                closing(inspection.verify_files(now, most=options["sample"])) as seen,
            ):
                for each in seen:
                    findings.add(each)
                    if not each.is_whole:
                        act(each, now)
                    progress.show(findings)
        except KeyboardInterrupt:
            raise CommandError(INTERRUPTED, returncode=130) from None
        except StoreMissing as error:
            raise CommandError(f"{error} {MISSING}") from None
        return findings

    def tell(self, findings: Findings, options: dict[str, Any]) -> None:
        """Print what was found; exit 1 unless that is nothing."""
        self.stdout.write(
            json.dumps(findings.as_dict(), indent=2) if options["json"] else findings.as_text()
        )
        if not options["repair"] and (findings.damaged or findings.lost):
            self.stderr.write(LEFT)
        if not findings.is_fine:
            sys.exit(1)


def _what_to_do(options: dict[str, Any]) -> Callable[[Seen, datetime], object]:
    """About a file that is not whole."""
    if not options["repair"]:
        return inspection.leave
    return verify.give_up if options["mounted"] else verify.take_back


def number(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)

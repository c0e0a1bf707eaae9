"""`manage.py verify` checks that every stored file still has the bytes that were stored."""

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
from storage.fixity.verify import FileCheck
from storage.management.display import VerifyProgress
from storage.models import StoredFile

INTERRUPTED = "Stopped. Finished checks are saved; the next call continues with the other files."
LEFT = "The workers restore these files within minutes; `manage.py verify --repair` does it now."
MISSING = (
    "No file was marked as lost. If the folder is mounted and the files are lost, run: "
    "manage.py verify --repair --mounted"
)


class Command(CommandWithExamples):
    """Reads files, and changes only what its options ask for."""

    help = "Hash stored files again, and list damaged, lost and orphaned ones."
    EXAMPLES = """
examples:
  manage.py verify
  manage.py verify --sample 1000
  manage.py verify --repair --json
  manage.py verify --repair --mounted
  manage.py verify --delete-orphans

exit status: 0 every file is whole, 1 a file is damaged, lost or orphaned, 2 bad usage
"""

    def add_arguments(self, parser: CommandParser) -> None:
        much = parser.add_mutually_exclusive_group()
        much.add_argument(
            "--sample",
            type=number,
            metavar="N",
            help="check only the N files with the oldest check; do not look for orphans",
        )
        much.add_argument("--all", action="store_true", help="check every file (the default)")
        parser.add_argument(
            "--repair",
            action="store_true",
            help="restore files from the copy in MEDIA_COPY, or download them again",
        )
        parser.add_argument(
            "--mounted",
            action="store_true",
            help="with --repair: the media folder is mounted, although most files are missing",
        )
        parser.add_argument(
            "--delete-orphans",
            action="store_true",
            help="delete files and rows that nothing has referred to for six hours",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end")

    def handle(self, *_args: str, **options: Any) -> None:
        if options["sample"] and options["delete_orphans"]:
            raise CommandError("--sample does not look for orphans", returncode=2)
        if options["mounted"] and not options["repair"]:
            raise CommandError("--mounted needs --repair", returncode=2)
        now = timezone.now()
        findings = self.verify(now, options)
        if options["repair"]:
            inspection.restore(findings, now)
        inspection.find_unrepaired(findings)
        if not options["sample"]:
            inspection.find_orphans(findings, now)
        if options["delete_orphans"]:
            inspection.delete_orphans(findings, now)
        self.report(findings, options)

    def verify(self, now: datetime, options: dict[str, Any]) -> Findings:
        """Hash the files. Raises CommandError if interrupted, or if the folder is not mounted."""
        act: Callable[[FileCheck, datetime], object] = inspection.leave
        if options["repair"]:
            act = verify.mark_lost_unchecked if options["mounted"] else verify.mark_lost
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

    def report(self, findings: Findings, options: dict[str, Any]) -> None:
        """Print the findings. Exits with 1 if there are any."""
        self.stdout.write(
            json.dumps(findings.as_dict(), indent=2) if options["json"] else findings.as_text()
        )
        if not options["repair"] and (findings.damaged or findings.lost):
            self.stderr.write(LEFT)
        if not findings.is_fine:
            sys.exit(1)


def number(text: str) -> int:
    """Parse a positive integer. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return int(text)

"""One inspection of the store: what was hashed, what was found, and what was done about it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice

from storage.fixity import orphans, verify
from storage.fixity.verify import Seen
from storage.models import FixityEvent, StoredFile

SHOWN = 20


@dataclass(slots=True)
class Findings:
    """Names of files, by what is wrong with them. `unrepaired` were found at any time."""

    checked: int = 0
    bytes: int = 0
    damaged: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    unrepaired: list[str] = field(default_factory=list)
    orphan_files: list[str] = field(default_factory=list)
    orphan_rows: list[str] = field(default_factory=list)
    deleted: int = 0

    @property
    def is_fine(self) -> bool:
        """Whether nothing was wrong."""
        return not any(names for _, names in self._named())

    def add(self, seen: Seen) -> None:
        """Count a file that was looked at."""
        self.checked += 1
        self.bytes += seen.size
        if not seen.is_whole:
            (self.damaged if seen.sha256 else self.lost).append(seen.file.name)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {"fine": self.is_fine, **asdict(self)}

    def as_text(self) -> str:
        """For people: the figures, then the first names of each kind."""
        lines = [f"{self.checked} files of {self.bytes / 1e6:.1f} MB verified"]
        for title, names in self._named():
            lines += _listed(title, names) if names else []
        if self.deleted:
            lines.append(f"{self.deleted} orphans deleted")
        return "\n".join([*lines, "Everything is whole."] if self.is_fine else lines)

    def _named(self) -> list[tuple[str, list[str]]]:
        return [
            ("damaged", self.damaged),
            ("lost", self.lost),
            ("repaired just now", self.repaired),
            ("not repaired yet", self.unrepaired),
            ("files that no row names", self.orphan_files),
            ("stored files that nobody refers to", self.orphan_rows),
        ]


def _listed(title: str, names: list[str]) -> list[str]:
    more = [f"  and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return [f"{len(names)} {title}:", *(f"  {name}" for name in names[:SHOWN]), *more]


def verify_files(now: datetime, *, most: int | None = None) -> Generator[Seen, None, None]:
    """Hash stored files, those first that were verified longest ago; None: all of them.

    Close it to end it early: what was verified is written down.
    """
    with closing(verify.walk(now, now)) as round_:
        yield from islice(round_, most)


def leave(seen: Seen, now: datetime) -> None:  # noqa: ARG001  in place of fixity.take_back
    """Leave a finding to the workers: they verify that file before all others."""
    StoredFile.objects.filter(pk=seen.file.pk).suspect()


def repair(findings: Findings, now: datetime) -> None:
    """Try to repair all that is open, and name what came back without the network."""
    for event in FixityEvent.objects.open().order_by("found_at", "pk"):
        if verify.repair(event, now) is not None:
            findings.repaired.append(event.name)


def find_unrepaired(findings: Findings) -> None:
    """Name what is open still."""
    names = FixityEvent.objects.open().order_by("found_at", "pk").values_list("name", flat=True)
    findings.unrepaired = list(names)


def find_orphans(findings: Findings, now: datetime) -> None:
    """Name files without a row and rows without a use."""
    findings.orphan_files = list(orphans.files(now))
    findings.orphan_rows = [file.name for file in orphans.rows(now)]


def delete_orphans(findings: Findings, now: datetime) -> None:
    """Delete those that were found, unless they have come into use."""
    findings.deleted = sum(orphans.delete_file(name) for name in findings.orphan_files)
    found = {*findings.orphan_rows}
    idle = [file for file in orphans.rows(now) if file.name in found]
    findings.deleted += sum(orphans.delete_row(file, now) for file in idle)

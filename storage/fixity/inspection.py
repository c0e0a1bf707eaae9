"""One inspection of the store by `manage.py verify`: what was checked, found and done."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice

from storage.fixity import orphans, verify
from storage.fixity.verify import FileCheck
from storage.models import FixityEvent, StoredFile

MAX_SHOWN = 20


@dataclass(slots=True)
class Findings:
    """Names of files by finding. `unrepaired` includes files found by earlier inspections."""

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
        return not any(names for _, names in self._named())

    def add(self, seen: FileCheck) -> None:
        self.checked += 1
        self.bytes += seen.size
        if not seen.is_whole:
            (self.damaged if seen.sha256 else self.lost).append(seen.file.name)

    def as_dict(self) -> dict[str, object]:
        return {"fine": self.is_fine, **asdict(self)}

    def as_text(self) -> str:
        """Return the totals, then the first 20 names of each finding."""
        lines = [f"{self.checked} files of {self.bytes / 1e6:.1f} MB verified"]
        for title, names in self._named():
            if names:
                lines += [f"{len(names)} {title}:", *(f"  {name}" for name in names[:MAX_SHOWN])]
            if len(names) > MAX_SHOWN:
                lines.append(f"  and {len(names) - MAX_SHOWN} more")
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
            ("stored files that nothing refers to", self.orphan_rows),
        ]


def verify_files(now: datetime, *, most: int | None = None) -> Generator[FileCheck, None, None]:
    """Check up to `most` stored files (None: all of them), the oldest check first.

    A caller that stops early must close the iterator, so that finished checks are written.
    """
    with closing(verify.check_all(now, now)) as round_:
        yield from islice(round_, most)


def leave(seen: FileCheck, now: datetime) -> None:  # noqa: ARG001  in place of fixity.mark_lost
    """Leave a finding to the workers, which verify that file before all others."""
    StoredFile.objects.filter(pk=seen.file.pk).mark_suspect()


def restore(findings: Findings, now: datetime) -> None:
    """Try to restore all lost files, and list those that came back without the network."""
    for event in FixityEvent.objects.open().order_by("found_at", "pk"):
        if verify.restore(event, now) is not None:
            findings.repaired.append(event.name)


def find_unrepaired(findings: Findings) -> None:
    """List the files whose events are still open."""
    names = FixityEvent.objects.open().order_by("found_at", "pk").values_list("name", flat=True)
    findings.unrepaired = list(names)


def find_orphans(findings: Findings, now: datetime) -> None:
    findings.orphan_files = list(orphans.files(now))
    findings.orphan_rows = [file.name for file in orphans.rows(now)]


def delete_orphans(findings: Findings, now: datetime) -> None:
    """Delete the orphans that were listed, unless something refers to them by now."""
    findings.deleted = sum(orphans.delete_file(name) for name in findings.orphan_files)
    found = {*findings.orphan_rows}
    idle = [file for file in orphans.rows(now) if file.name in found]
    findings.deleted += sum(orphans.delete_row(file, now) for file in idle)

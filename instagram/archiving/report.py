"""The result of an archive run, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from instagram.archiving import progress
from instagram.models import ArchiveRun, RunStream


@dataclass(frozen=True, slots=True)
class ProfileReport:
    username: str
    uuid: str
    run: str
    state: str
    streams: tuple[RunStream, ...]
    progress: progress.Progress
    file_errors: dict[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether the run succeeded and every wanted file is stored and was decoded."""
        return (
            self.state == ArchiveRun.State.SUCCEEDED
            and self.progress.files_checked == self.progress.files_wanted
        )

    @property
    def errors(self) -> list[str]:
        """One line for each kind of failure, of streams and of files."""
        streams: dict[str, list[str]] = {}
        for each in self.streams:
            if each.state == RunStream.State.FAILED:
                streams.setdefault(f"{each.error_code}: {each.error}", []).append(each.name)
        lines = [f"{', '.join(names)}: {error}" for error, names in streams.items()]
        return lines + [f"{count} files: {code}" for code, count in self.file_errors.items()]

    def as_dict(self) -> dict[str, object]:
        """The object that `--json` prints."""
        return {
            "username": self.username,
            "uuid": self.uuid,
            "run": self.run,
            "state": self.state,
            "complete": self.is_complete,
            "streams": {
                each.name: {
                    name: getattr(each, name) for name in ("state", "seen", "new", "changed")
                }
                for each in self.streams
            },
            "files": self._counted("files_"),
            "bytes": self._counted("bytes_"),
            "calls": self.progress.calls,
            "errors": self.errors,
        }

    def as_text(self) -> str:
        """A line for the profile, and one for each failure."""
        # The profile stream has one item, so its counts would tell nothing.
        listed = [each for each in self.streams if each.name != RunStream.Name.PROFILE]
        seen = "; ".join([self.state, *(f"{each.name} {_result(each)}" for each in listed)])
        files = f"{self.progress.files_stored} of {self.progress.files_wanted} files"
        size = f"{self.progress.bytes_stored / 1e6:.1f} MB"
        line = f"{self.username}: {seen}; {files}, {size}; {self.progress.calls} calls"
        return "\n".join([line, *(f"  failed: {error}" for error in self.errors)])

    def _counted(self, prefix: str) -> dict[str, int]:
        counts = asdict(self.progress).items()
        return {name.removeprefix(prefix): n for name, n in counts if name.startswith(prefix)}


def report(run: ArchiveRun) -> ProfileReport:
    """The report of the run as it is stored now, in a fixed number of queries."""
    run.refresh_from_db()
    return ProfileReport(
        username=run.user.username,
        uuid=str(run.user_id),
        run=str(run.pk),
        state=run.state,
        streams=tuple(run.streams.all()),
        progress=progress.of_run(run),
        file_errors=progress.file_errors(run),
    )


def _result(stream: RunStream) -> str:
    if stream.state == RunStream.State.SKIPPED:
        return f"skipped ({stream.error_code})"
    counts = ((stream.seen, "seen"), (stream.new, "new"), (stream.changed, "changed"))
    return ", ".join(f"{count} {what}" for count, what in counts if count or what == "seen")

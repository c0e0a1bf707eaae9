"""What an archive run came to, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from instagram.archiving import progress
from instagram.models import ArchiveRun, RunStream


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One stream's counters and, where it did not succeed, why."""

    name: str
    state: str
    seen: int
    new: int
    changed: int
    error_code: str
    error: str


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """One profile: its streams, its files, its cost in calls."""

    username: str
    uuid: str
    run: str
    state: str
    streams: tuple[StreamReport, ...]
    progress: progress.Progress
    file_errors: dict[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether everything that the profile shows was stored: verified bytes for every file."""
        return (
            self.state == ArchiveRun.State.SUCCEEDED
            and self.progress.files_checked == self.progress.files_wanted
        )

    @property
    def errors(self) -> list[str]:
        """Everything that failed, a line each."""
        failed = [each for each in self.streams if each.state == RunStream.State.FAILED]
        lines = [f"{each.name}: {each.error_code}: {each.error}" for each in failed]
        return lines + [f"{count} files: {code}" for code, count in self.file_errors.items()]

    def as_dict(self) -> dict[str, object]:
        """For `--json`: plain values, one object a profile."""
        counted = {
            each.name: {
                "state": each.state,
                "seen": each.seen,
                "new": each.new,
                "changed": each.changed,
            }
            for each in self.streams
        }
        counts = {key: value for key, value in asdict(self.progress).items() if key != "calls"}
        return {
            "username": self.username,
            "uuid": self.uuid,
            "run": self.run,
            "state": self.state,
            "complete": self.is_complete,
            "streams": counted,
            "files": {
                key.removeprefix("files_"): n
                for key, n in counts.items()
                if key.startswith("files_")
            },
            "bytes": {
                key.removeprefix("bytes_"): n
                for key, n in counts.items()
                if key.startswith("bytes_")
            },
            "calls": self.progress.calls,
            "errors": self.errors,
        }

    def as_text(self) -> str:
        """For people: a line for the profile, and one for each thing that failed."""
        seen = ", ".join(f"{each.name} {_result(each)}" for each in self.streams)
        files = f"{self.progress.files_stored} of {self.progress.files_wanted} files"
        size = f"{self.progress.bytes_stored / 1e6:.1f} MB"
        line = (
            f"{self.username}: {self.state}; {seen}; {files}, {size}; {self.progress.calls} calls"
        )
        return "\n".join([line, *(f"  failed: {error}" for error in self.errors)])


def report(run: ArchiveRun) -> ProfileReport:
    """Read the run as it is now, in a fixed number of queries."""
    run.refresh_from_db()
    return ProfileReport(
        username=run.user.username,
        uuid=str(run.user_id),
        run=str(run.pk),
        state=run.state,
        streams=tuple(_stream(stream) for stream in run.streams.all()),
        progress=progress.of_run(run),
        file_errors=progress.file_errors(run),
    )


def _stream(stream: RunStream) -> StreamReport:
    return StreamReport(
        name=stream.name,
        state=stream.state,
        seen=stream.seen,
        new=stream.new,
        changed=stream.changed,
        error_code=stream.error_code,
        error=stream.error,
    )


def _result(stream: StreamReport) -> str:
    if stream.state == RunStream.State.SKIPPED:
        return f"skipped ({stream.error_code})"
    return f"{stream.seen} seen, {stream.new} new, {stream.changed} changed"

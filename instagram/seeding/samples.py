"""The few real files that all seeded rows share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from storage import enrichment, store
from storage.download import queue
from storage.formats.media_types import HEAD_SIZE, recognise
from storage.models import StoredFile
from storage.store import MediaContent

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class Samples:
    """The rows of the stored files in the order of their names."""

    pictures: tuple[StoredFile, ...]
    clips: tuple[StoredFile, ...]


def store_samples() -> Samples:
    """Store the files and create their rows, unless they exist."""
    contents = [_put(path) for path in sorted(FOLDER.iterdir())]
    queue.files_of(contents)
    stored = StoredFile.objects.filter(sha256__in=[content.sha256 for content in contents])
    for file in stored.filter(enriched_at=None):
        enrichment.enrich([file])
    rows = {file.sha256: file for file in stored.all()}
    files = [rows[content.sha256] for content in contents]
    return Samples(
        pictures=tuple(file for file in files if not file.is_video),
        clips=tuple(file for file in files if file.is_video),
    )


def _put(path: Path) -> MediaContent:
    read = path.read_bytes()
    kind = recognise(read[:HEAD_SIZE])
    if kind is None:
        raise ValueError(f"{path.name} is no media file")
    return store.save(read, kind)

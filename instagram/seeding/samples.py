"""The handful of real files that every seeded row shares."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from storage import store
from storage.kinds import HEAD_SIZE, recognise
from storage.models import StoredFile

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows of the stored files, in the order of their names."""

    pictures: tuple[StoredFile, ...]
    clips: tuple[StoredFile, ...]


def store_samples() -> Samples:
    """Put the files into the store and make their rows, both only where they are missing."""
    files = [_store(path) for path in sorted(FOLDER.iterdir())]
    StoredFile.objects.bulk_create(files, ignore_conflicts=True)
    hashes = [file.sha256 for file in files]
    rows = {file.sha256: file for file in StoredFile.objects.filter(sha256__in=hashes)}
    stored = [rows[sha256] for sha256 in hashes]
    return Samples(
        pictures=tuple(file for file in stored if not file.is_video),
        clips=tuple(file for file in stored if file.is_video),
    )


def _store(path: Path) -> StoredFile:
    content = path.read_bytes()
    kind = recognise(content[:HEAD_SIZE])
    if kind is None:
        raise ValueError(f"{path.name} is no media file")
    file = StoredFile(
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        media_type=kind.media_type,
        extension=kind.extension,
    )
    with store.default().aside() as aside:
        shutil.copyfile(path, aside)
        store.default().put(aside, file.name)
    return file

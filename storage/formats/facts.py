"""The facts of a media file, and the limits that apply while they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import av
import av.error
import PIL

# The pixels of one decoded image or frame; they take less than 200 MB.
MAX_PIXELS = 50_000_000
# The largest width or height that PostgreSQL's `integer` holds.
MAX_INTEGER = 2**31 - 1
# The version of this package's own rules. Raise it if a change reads other facts from the same
# bytes, so that files with unknown facts are examined again.
LOGIC = 1


def _versions() -> str:
    numbers = {name: ".".join(map(str, parts)) for name, parts in av.library_versions.items()}
    return (
        f"logic {LOGIC}, Pillow {PIL.__version__}, PyAV {av.__version__}, "
        f"libavformat {numbers['libavformat']}, libavcodec {numbers['libavcodec']}"
    )


# The versions of the code that reads facts, at most 100 characters.
DECODERS = _versions()


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Width and height in pixels. Both are positive and fit a column of the database."""

    width: int
    height: int

    @property
    def is_decodable(self) -> bool:
        """Whether a picture of this size may be decoded at full scale."""
        return self.width * self.height <= MAX_PIXELS

    def __str__(self) -> str:
        return f"{self.width} by {self.height} pixels"


def size_of(width: int, height: int) -> PixelSize | None:
    """Return the size that a header states, or None if the numbers are invalid."""
    if 0 < width <= MAX_INTEGER and 0 < height <= MAX_INTEGER:
        return PixelSize(width, height)
    return None


def seconds_of(value: float | None) -> float | None:
    """Return a duration that is finite and positive, otherwise None."""
    return value if value is not None and math.isfinite(value) and value > 0 else None


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a file. Unknown facts are None or empty. Width and height are as displayed."""

    width: int | None = None
    height: int | None = None
    # Seconds.
    duration: float | None = None
    blur: str = ""
    perceptual_hash: int | None = None
    # A frame near the beginning of a video, as a JPEG.
    poster: bytes | None = None
    # The true media type if the first bytes suggest another one: sound in a container.
    media_type: str | None = None
    # Why facts are unknown, for staff: the step and the name of the error, never bytes.
    problem: str = ""


class Undecodable(Exception):
    """The picture is not decoded. The message says why."""


class noted:  # noqa: N801  read like a keyword: `with noted(problems, "blur"):`
    """Turn errors of a decoder into a line of `problems`, so that other facts are still read.

    This is the only place that catches every Exception. Hostile bytes make decoders raise anything,
    MemoryError and RecursionError included. Such an error means an unknown fact; it never rejects
    the file. An OSError with an errno comes from the disk and is raised.
    """

    def __init__(self, problems: list[str], step: str) -> None:
        self.problems, self.step = problems, step

    def __enter__(self) -> None:
        """Do nothing; the context manager acts on exit only."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: object
    ) -> bool:
        if not isinstance(error, Exception) or _is_of_the_disk(error):
            return False
        reason = str(error) if isinstance(error, Undecodable) else type(error).__name__
        self.problems.append(f"{self.step}: {reason}")
        return True


def _is_of_the_disk(error: Exception) -> bool:
    # FFmpeg's own errors have an errno too. Errors of the file pass through PyAV unchanged.
    is_decoders = isinstance(error, av.error.FFmpegError)
    return isinstance(error, OSError) and error.errno is not None and not is_decoders

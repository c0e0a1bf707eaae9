"""What can be known of a media file, and the limits that are kept while it is found out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import av
import av.error
import PIL

MAX_PIXELS = 50_000_000
"""Of one decoded image or frame: below 200 MB."""
MAX_INTEGER = 2**31 - 1
"""The largest width or height that a column of PostgreSQL holds."""
LOGIC = 1
"""The version of this package's own rules. Raise it when other facts come out of the same bytes."""


def _versions() -> str:
    numbers = {name: ".".join(map(str, parts)) for name, parts in av.library_versions.items()}
    return (
        f"logic {LOGIC}, Pillow {PIL.__version__}, PyAV {av.__version__}, "
        f"libavformat {numbers['libavformat']}, libavcodec {numbers['libavcodec']}"
    )


DECODERS = _versions()
"""The versions that the facts depend on, at most 100 characters."""


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels; both are positive and fit a column."""

    width: int
    height: int

    @property
    def is_decodable(self) -> bool:
        """Whether a picture of this size may be decoded at full size."""
        return self.width * self.height <= MAX_PIXELS

    def __str__(self) -> str:
        return f"{self.width} by {self.height} pixels"


def size_of(width: int, height: int) -> Size | None:
    """The two numbers of a header as a size; None where they are none."""
    if 0 < width <= MAX_INTEGER and 0 < height <= MAX_INTEGER:
        return Size(width, height)
    return None


def seconds_of(value: float | None) -> float | None:
    """A duration that means something: finite and above 0, otherwise None."""
    return value if value is not None and math.isfinite(value) and value > 0 else None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the file says of itself; None or empty: not known. Width and height are as displayed."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    """Seconds."""
    blur: str = ""
    perceptual_hash: int | None = None
    poster: bytes | None = None
    """A frame of a video near its beginning, as a JPEG."""
    media_type: str | None = None
    """The true media type where it is another than the first bytes say: sound in a container."""
    problem: str = ""
    """What could not be read and why, for staff: the step and the error's name, no bytes."""


class Undecodable(Exception):
    """A picture that we do not decode, and why."""


class noted:  # noqa: N801  read like a keyword: `with noted(problems, "blur"):`
    """Let one derived fact fail alone: what a decoder raises becomes a line of `problems`.

    The one boundary around the decoders. Hostile bytes make them raise anything, MemoryError and
    RecursionError included; that is a missing fact, never a judgement of the file. An OSError with
    an errno is the disk's, and is raised.
    """

    def __init__(self, problems: list[str], step: str) -> None:
        self.problems, self.step = problems, step

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: object
    ) -> bool:
        if not isinstance(error, Exception) or _is_of_the_disk(error):
            return False
        reason = str(error) if isinstance(error, Undecodable) else type(error).__name__
        self.problems.append(f"{self.step}: {reason}")
        return True


def _is_of_the_disk(error: Exception) -> bool:
    # FFmpeg numbers its own errors; what our file raises comes through PyAV as it was.
    is_decoders = isinstance(error, av.error.FFmpegError)
    return isinstance(error, OSError) and error.errno is not None and not is_decoders

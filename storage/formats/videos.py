"""Reads the facts of videos and of sound in video containers, from the stream that players play."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import BinaryIO, cast

import av
import av.error
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from PIL import Image

from storage.formats import previews, tracks
from storage.formats.facts import Facts, PixelSize, Undecodable, noted, seconds_of, size_of
from storage.formats.tracks import Matrix, Track

# The demuxer is named, so that FFmpeg takes no file for a playlist, which could open other files.
DEMUXERS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "audio/mp4": "mov",
    "video/webm": "matroska",
    "audio/webm": "matroska",
}
# The media type of a container with sound only.
SOUND = {"mov": "audio/mp4", "matroska": "audio/webm"}

# The most frames to try for a poster if the first ones are flat, such as a black second.
MAX_FRAMES = 64
# A frame with a smaller range of brightness shows nothing.
FLAT = 16
# The most packets that are read for a duration: an hour of video with sound.
MAX_PACKETS = 200_000
MAX_PACKET_BYTES = 1 << 30

# Keyed by the signs of the display matrix.
TRANSPOSES = {
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}

# They keep the tables of the last conversion, which most videos share. A frame would make its own.
_to_grey, _to_rgb = VideoReformatter(), VideoReformatter()


@dataclass(frozen=True, slots=True)
class _Shown:
    """The size in which the frames of a stream are displayed, and how they are turned."""

    size: PixelSize
    transpose: Image.Transpose | None


class _Watched(io.BufferedIOBase):
    """The file, which keeps an error of the disk: PyAV drops the error if it can continue."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return self._file.read(-1 if size is None else size)
        except OSError as error:
            self.error = error
            raise

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def examine(file: BinaryIO, media_type: str) -> Facts:
    """Read size, duration, poster, blur and hash of a video; duration and media type of sound."""
    problems: list[str] = []
    facts = Facts()
    demuxer, watched = DEMUXERS[media_type], _Watched(file)
    described: dict[int, Track] = {}
    with noted(problems, "tracks"):
        described = tracks.read(cast("BinaryIO", watched)) if demuxer == "mov" else {}
    with noted(problems, demuxer), _opened(watched, demuxer) as container:
        facts = _facts(container, demuxer, described, problems)
    if facts.duration is None:
        with noted(problems, "duration"), _opened(watched, demuxer) as container:
            facts = replace(facts, duration=_last_packet(container))
    if watched.error is not None:
        raise watched.error
    return replace(facts, problem="; ".join(problems))


def _opened(file: _Watched, demuxer: str) -> av.container.InputContainer:
    file.seek(0)
    return av.open(file, mode="r", format=demuxer, metadata_errors="replace")


def _facts(
    container: av.container.InputContainer,
    demuxer: str,
    described: dict[int, Track],
    problems: list[str],
) -> Facts:
    duration = container.duration / av.time_base if container.duration else None
    facts = Facts(duration=seconds_of(duration))
    stream = _playing(container)
    if stream is None:
        if not container.streams.audio:
            raise Undecodable("no picture and no sound in it")
        return replace(facts, media_type=SOUND[demuxer])
    with noted(problems, "size"):
        facts = _with_size(facts, _undecoded(stream, described.get(stream.id)))
    with noted(problems, "poster"):
        return _with_picture(facts, container, stream, problems)
    return facts


def _playing(container: av.container.InputContainer) -> av.VideoStream | None:
    """Return the stream that a player takes: no cover, with a decoder, and enabled if any is."""
    own = [each for each in container.streams.video if not _is(each, Disposition.attached_pic)]
    return min(
        own,
        key=lambda each: (not _has_decoder(each), not _is(each, Disposition.default)),
        default=None,
    )


def _has_decoder(stream: av.VideoStream) -> bool:
    return stream.codec_context is not None  # PyAV's type stubs claim that it never is None


def _is(stream: av.VideoStream, disposition: Disposition) -> bool:
    return bool(stream.disposition & disposition)


def _undecoded(stream: av.VideoStream, track: Track | None) -> _Shown | None:
    """Return the display size from the container, which works without a decoder too."""
    matrix = track.matrix if track else None
    if not _has_decoder(stream):
        return _shown(track.size if track else None, matrix)
    return _shown(_square(stream.codec_context.width, stream.codec_context.height, stream), matrix)


def _shown(size: PixelSize | None, matrix: Matrix | None) -> _Shown | None:
    """Apply the matrix to a size in square pixels.

    Browsers apply quarter turns and mirrors, and ignore every other rotation.
    """
    a, b, c, d = matrix or (1, 0, 0, 1)
    transpose = TRANSPOSES.get((_sign(a), _sign(b), _sign(c), _sign(d)))
    if size is not None and transpose is not None and transpose.name in SIDEWAYS:
        size = PixelSize(size.height, size.width)
    return _Shown(size, transpose) if size else None


SIDEWAYS = frozenset({"ROTATE_90", "ROTATE_270", "TRANSPOSE", "TRANSVERSE"})


def _square(width: int, height: int, stream: av.VideoStream) -> PixelSize | None:
    """Return the size in square pixels. Browsers stretch the side that grows."""
    ratio = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or Fraction(1)
    if ratio <= 0:
        return size_of(width, height)
    if ratio >= 1:
        return size_of(round(width * ratio), height)
    return size_of(width, round(height / ratio))


def _matrix(frame: av.VideoFrame) -> Matrix | None:
    side_data = cast("Mapping[str, bytes]", frame.side_data)  # PyAV's type stubs know one key only
    if "DISPLAYMATRIX" not in side_data:
        return None
    a, b, _, c, d, *_rest = struct.unpack("=9i", bytes(side_data["DISPLAYMATRIX"])[:36])
    return a, b, c, d


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _with_size(facts: Facts, shown: _Shown | None) -> Facts:
    if shown is None:
        return facts
    return replace(facts, width=shown.size.width, height=shown.size.height)


def _with_picture(
    facts: Facts,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    problems: list[str],
) -> Facts:
    if not _has_decoder(stream):
        raise Undecodable("a codec without a decoder")
    coded = size_of(stream.codec_context.width, stream.codec_context.height)
    if coded is not None and not coded.is_decodable:
        raise Undecodable(f"{coded} are too many to decode")
    frame = _poster_frame(_frames(container, stream), problems)
    shown = _shown(_square(frame.width, frame.height, stream), _matrix(frame))
    picture = _picture(frame, shown)
    small = previews.shrink(picture)
    return replace(
        _with_size(facts, shown),
        blur=previews.blur(small),
        perceptual_hash=previews.difference_hash(small),
        poster=previews.jpeg(picture, quality=85),
    )


def _poster_frame(frames: Iterator[av.VideoFrame], problems: list[str]) -> av.VideoFrame:
    """Return the first frame that is not flat, or the first of all if no near one qualifies."""
    first = next(frames, None)
    if first is None:
        raise Undecodable("no frame in it")
    if not _is_flat(first):
        return first
    with noted(problems, "later frames"):
        nearby = islice(frames, MAX_FRAMES - 1)
        return next((frame for frame in nearby if not _is_flat(frame)), first)
    return first


def _frames(
    container: av.container.InputContainer, stream: av.VideoStream
) -> Iterator[av.VideoFrame]:
    stream.codec_context.thread_count = 1  # each further thread would keep frames in memory
    for frame in container.decode(stream):
        size = size_of(frame.width, frame.height)
        if size is None or not size.is_decodable:
            raise Undecodable(f"{size} are too many to decode")
        yield frame


def _is_flat(frame: av.VideoFrame) -> bool:
    grey = _to_grey.reformat(frame, width=32, height=32, format="gray")
    brightness = bytes(grey.planes[0])
    return max(brightness) - min(brightness) < FLAT


def _picture(frame: av.VideoFrame, shown: _Shown | None) -> Image.Image:
    # `frame.to_image` copies row by row in Python, which takes ten times as long.
    pixels = _to_rgb.reformat(frame, format="rgb24").planes[0]
    buffer = cast("bytes", pixels)  # Pillow takes any buffer
    size, stride = (pixels.width, pixels.height), pixels.line_size
    picture = Image.frombuffer("RGB", size, buffer, "raw", "RGB", stride, 1)
    if shown is None:
        return picture
    if shown.transpose is not None:
        picture = picture.transpose(shown.transpose)
    # The JPEG encoder accepts at most 65,500 pixels per side.
    fits = shown.size.is_decodable and max(shown.size.width, shown.size.height) <= 65_500
    wanted = (shown.size.width, shown.size.height)
    return picture.resize(wanted) if fits and picture.size != wanted else picture


def _last_packet(container: av.container.InputContainer) -> float | None:
    """Return the end of the last packet in seconds, for files whose header has no duration."""
    end, size = Fraction(0), 0
    for packet, _ in zip(container.demux(), range(MAX_PACKETS), strict=False):
        size += packet.size
        if size > MAX_PACKET_BYTES:
            break
        if packet.pts is not None and packet.time_base is not None:
            end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
    return seconds_of(float(end))

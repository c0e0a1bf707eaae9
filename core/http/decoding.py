"""Opens what `Content-Encoding` names: one layer, piece by piece, never further than a limit.

Pure: bytes in, bytes out. Memory is a few pieces and the codec's window (at most 16 MiB, of br),
however much a few bytes would open to.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE = 64 * 1024
IDENTITY = ""
ALIASES = {"x-gzip": "gzip", "x-deflate": "deflate"}
GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# Enough bytes to contradict a format that has no magic.
HEAD_SIZE = 256
GZIP_BITS, ZLIB_BITS, RAW_BITS = 31, 15, -15
ZSTD_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}  # 8 MiB: RFC 9659
CODEC_ERRORS = (zlib.error, brotli.error, zstd.ZstdError)


class DecodingError(Exception):
    """The body cannot be opened. The text is ours and quotes nothing of the body."""


class UnknownEncoding(DecodingError):
    """The header names several layers, or an encoding that we do not know."""


class Damaged(DecodingError):
    """The bytes are not what they began as."""


class Truncated(DecodingError):
    """The bytes end before the encoding does: the rest was lost on the way."""


class LimitExceeded(DecodingError):
    """The content is larger than the caller allows."""


class Codec(Protocol):
    """One compressed stream. It keeps the input that it had no room to open."""

    def open(self, data: bytes) -> bytes:
        """About a PIECE of content at most, even without new input. Raises CODEC_ERRORS."""

    @property
    def is_hungry(self) -> bool:
        """Whether nothing more comes without new input."""

    @property
    def has_ended(self) -> bool:
        """Whether the stream has come to its own end."""

    @property
    def rest(self) -> bytes:
        """Input behind the stream's end."""


@dataclass(frozen=True, slots=True)
class Format:
    """How to begin a stream, and what another behind its end begins with; b"" where none may."""

    begin: Callable[[], Codec]
    magic: bytes = b""


def encoding_of(header: str) -> str:
    """The one encoding that a `Content-Encoding` header names, IDENTITY for none.

    Raises UnknownEncoding.
    """
    names = [name.strip().lower() for name in header.split(",")]
    layers = [ALIASES.get(name, name) for name in names if name not in ("", "identity")]
    if not layers:
        return IDENTITY
    if len(layers) > 1:
        raise UnknownEncoding(f"the body is encoded {len(layers)} times over")
    if layers[0] not in FORMATS:
        raise UnknownEncoding("the body is encoded in a way that we do not know")
    return layers[0]


def decoded(chunks: Iterable[bytes], encoding: str, *, limit: int) -> Iterator[bytes]:
    """The content of a body in pieces, of which all together are at most `limit` bytes.

    `encoding` is what `encoding_of` returns. What was announced as encoded and is not passes
    through as it is: hosts do that. Several gzip members or zstd frames are one content; other
    bytes behind the end are ignored (br: Damaged), because the content before them is whole.
    Raises Damaged, Truncated or LimitExceeded.
    """
    head, rest = _head(iter(chunks))
    everything = chain([head], rest)
    found = FORMATS[encoding](head) if encoding and head else None
    opened = everything if found is None else _opened(everything, found)
    size = 0
    try:
        for piece in opened:
            size += len(piece)
            if size > limit:
                raise LimitExceeded(f"the body is larger than {limit} bytes")
            yield piece
    except CODEC_ERRORS as error:
        raise Damaged(f"the body is no whole {encoding}") from error


def _head(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough of the first bytes to know a format by, and the rest."""
    head = b""
    while len(head) < HEAD_SIZE and (chunk := next(chunks, None)) is not None:
        head += chunk
    return head, chunks


def _opened(chunks: Iterable[bytes], found: Format) -> Iterator[bytes]:
    """The content of one stream after the other. Raises Truncated, CODEC_ERRORS."""
    members = _Members(found)
    for chunk in chunks:
        for start in range(0, len(chunk), PIECE):
            yield from members.feed(chunk[start : start + PIECE])
    if not members.codec.has_ended:
        raise Truncated("the body ends too early")


class _Members:
    """The streams of one body, one behind the other."""

    def __init__(self, found: Format) -> None:
        self._format = found
        self._between = b""
        self.codec = found.begin()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Open what the data allow."""
        if self.codec.has_ended:
            data = self._following(data)
        while data or not (self.codec.is_hungry or self.codec.has_ended):
            piece = self.codec.open(data)
            if piece:
                yield piece
            data = self._following(self.codec.rest) if self.codec.has_ended else b""

    def _following(self, data: bytes) -> bytes:
        """Begin the next stream once its magic is there; what it has to open, or b""."""
        magic, missing = self._format.magic, len(self._format.magic) - len(self._between)
        if missing <= 0:  # no format with several streams, or other bytes stand behind the end
            return b""
        data = self._between + data
        if not data.startswith(magic):
            self._between = data[: len(magic)]
            return b""
        self._between, self.codec = b"", self._format.begin()
        return data


class _Zlib:
    """gzip, or deflate with or without its wrapping."""

    def __init__(self, bits: int) -> None:
        self._stream = zlib.decompressobj(bits)
        self._was_full = False

    def open(self, data: bytes) -> bytes:
        piece = self._stream.decompress(self._stream.unconsumed_tail + data, PIECE)
        self._was_full = len(piece) == PIECE  # then zlib may hold more of the content
        return piece

    @property
    def is_hungry(self) -> bool:
        return not (self._was_full or self._stream.unconsumed_tail)

    @property
    def has_ended(self) -> bool:
        return self._stream.eof

    @property
    def rest(self) -> bytes:
        return self._stream.unused_data


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstd.ZstdDecompressor(options=ZSTD_WINDOW)

    def open(self, data: bytes) -> bytes:
        return self._stream.decompress(data, PIECE)

    @property
    def is_hungry(self) -> bool:
        return self._stream.needs_input

    @property
    def has_ended(self) -> bool:
        return self._stream.eof

    @property
    def rest(self) -> bytes:
        return self._stream.unused_data


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._was_full = False

    def open(self, data: bytes) -> bytes:
        piece: bytes = self._stream.process(data, output_buffer_limit=PIECE)
        self._was_full = len(piece) >= PIECE  # the limit is rounded up
        return piece

    @property
    def is_hungry(self) -> bool:
        return not self._was_full and bool(self._stream.can_accept_more_data())

    @property
    def has_ended(self) -> bool:
        return bool(self._stream.is_finished())

    @property
    def rest(self) -> bytes:
        return b""


def _gzip(head: bytes) -> Format | None:
    return Format(lambda: _Zlib(GZIP_BITS), GZIP_MAGIC) if _begins(head, GZIP_MAGIC) else None


def _zstd(head: bytes) -> Format | None:
    return Format(_Zstd, ZSTD_MAGIC) if _begins(head, ZSTD_MAGIC) else None


def _deflate(head: bytes) -> Format | None:
    """RFC 9110 means the wrapped form, and some hosts send the bare one."""
    if len(head) > 1 and head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0:
        return Format(lambda: _Zlib(ZLIB_BITS))
    return _if_it_opens(Format(lambda: _Zlib(RAW_BITS)), head)


def _br(head: bytes) -> Format | None:
    return _if_it_opens(Format(_Brotli), head)


def _if_it_opens(wanted: Format, head: bytes) -> Format | None:
    """These formats have no magic: a body is of one that its first bytes do not contradict."""
    try:
        wanted.begin().open(head[:PIECE])
    except CODEC_ERRORS:
        return None
    return wanted


def _begins(head: bytes, magic: bytes) -> bool:
    return head.startswith(magic) or magic.startswith(head)


# By the name of the encoding: the format of a body with this head, None where it is not encoded.
FORMATS = {"gzip": _gzip, "zstd": _zstd, "deflate": _deflate, "br": _br}

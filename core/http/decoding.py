"""Opens a body that a host has encoded (RFC 9110, 8.4), one layer, piece by piece. Pure.

A few bytes can open to gigabytes, so no piece is larger than PIECE: the reader decides when it is
too much, and nothing more is opened.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE = 64 * 1024
"""Bytes of a piece that is handed out, at most."""
HEAD_SIZE = 64
"""Bytes that `is_plain` gets to see, unless the body is shorter."""
GZIP = b"\x1f\x8b"
ZLIB_BITS, GZIP_BITS, RAW_BITS = 15, 31, -15
MAX_WINDOW_LOG = 23  # 8 MiB, which RFC 9659 allows a body of HTTP


class UnknownEncoding(Exception):
    """An encoding that we do not know, or several layers of them."""


class BadEncoding(Exception):
    """The bytes are not encoded as the header says."""


class Truncated(Exception):
    """The body ends before its encoding does."""


class Decoder(Protocol):
    """Opens one stream of encoded bytes."""

    def decode(self, data: bytes) -> bytes:
        """At most PIECE bytes more. `data` is new input; empty, to open what is left of it."""
        ...

    @property
    def wants_input(self) -> bool:
        """Whether nothing more can be opened without new input."""
        ...

    @property
    def is_complete(self) -> bool:
        """Whether the encoded stream has ended."""
        ...


class Inflater:
    """gzip, with any number of members, and deflate. What follows the last member is ignored."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._inflate = zlib.decompressobj(bits)
        self._left = b""

    def decode(self, data: bytes) -> bytes:
        """See Decoder."""
        self._left += data
        if self._inflate.eof and self._bits == GZIP_BITS and self._left.startswith(GZIP):
            self._inflate = zlib.decompressobj(self._bits)
        if self._inflate.eof:
            return b""
        opened = self._inflate.decompress(self._left, PIECE)
        self._left = self._inflate.unused_data or self._inflate.unconsumed_tail
        return opened

    @property
    def wants_input(self) -> bool:
        """See Decoder."""
        follows = self._bits == GZIP_BITS and self._left.startswith(GZIP)
        return not self._left or (self._inflate.eof and not follows)

    @property
    def is_complete(self) -> bool:
        """See Decoder."""
        return self._inflate.eof


class BrotliDecoder:
    """br."""

    def __init__(self) -> None:
        self._brotli = brotli.Decompressor()

    def decode(self, data: bytes) -> bytes:
        """See Decoder."""
        opened: bytes = self._brotli.process(data, output_buffer_limit=PIECE)
        return opened

    @property
    def wants_input(self) -> bool:
        """See Decoder."""
        return bool(self._brotli.can_accept_more_data())

    @property
    def is_complete(self) -> bool:
        """See Decoder."""
        return bool(self._brotli.is_finished())


class ZstandardDecoder:
    """zstd, of a window that fits into little memory."""

    def __init__(self) -> None:
        options = {zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG}
        self._zstd = zstd.ZstdDecompressor(options=options)

    def decode(self, data: bytes) -> bytes:
        """See Decoder."""
        return b"" if self._zstd.eof else self._zstd.decompress(data, PIECE)

    @property
    def wants_input(self) -> bool:
        """See Decoder."""
        return self._zstd.eof or self._zstd.needs_input

    @property
    def is_complete(self) -> bool:
        """See Decoder."""
        return self._zstd.eof


ERRORS = (zlib.error, brotli.error, zstd.ZstdError)


def is_encoded(encoding: str) -> bool:
    """Whether a Content-Encoding says that the body is encoded at all."""
    return encoding.strip().lower() not in {"", "identity"}


def decoded(
    chunks: Iterable[bytes], encoding: str, *, is_plain: Callable[[bytes], bool]
) -> Iterator[bytes]:
    """The body without the encoding that its header names, in pieces of at most PIECE bytes.

    Some hosts name an encoding and do not apply it: where `is_plain` knows the first bytes, they
    pass unchanged. Raises UnknownEncoding, BadEncoding and Truncated.
    """
    if not is_encoded(encoding):
        yield from chunks
        return
    waiting = iter(chunks)
    first = b""
    while len(first) < HEAD_SIZE and (chunk := next(waiting, None)) is not None:
        first += chunk
    if is_plain(first) or not first:
        yield first
        yield from waiting
        return
    decoder = _decoder(encoding, first)
    try:
        yield from _opened(decoder, first)
        for chunk in waiting:
            yield from _opened(decoder, chunk)
    except ERRORS as error:
        raise BadEncoding(f"the body is no {encoding[:40]}") from error
    if not decoder.is_complete:
        raise Truncated(f"the {encoding[:40]} of the body has no end")


def _opened(decoder: Decoder, chunk: bytes) -> Iterator[bytes]:
    if not chunk:
        return
    if piece := decoder.decode(chunk):
        yield piece
    while not decoder.wants_input:
        piece = decoder.decode(b"")
        if not piece and decoder.is_complete:
            return
        if piece:
            yield piece


def _decoder(encoding: str, first: bytes) -> Decoder:
    match encoding.strip().lower():
        case "gzip" | "x-gzip":
            return Inflater(GZIP_BITS)
        case "deflate":  # zlib by the RFC, bare from some servers
            has_header = first[0] & 0x0F == 8 and int.from_bytes(first[:2]) % 31 == 0
            return Inflater(ZLIB_BITS if has_header else RAW_BITS)
        case "br":
            return BrotliDecoder()
        case "zstd":
            return ZstandardDecoder()
    raise UnknownEncoding(f"an unknown Content-Encoding: {encoding[:40]!r}")

"""Encoded bodies are opened one layer, piece by piece, and no further than the reader wants."""

from __future__ import annotations

import gzip
import io
import itertools
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http import decoding
from core.http.decoding import PIECE, BadEncoding, Truncated, UnknownEncoding, decoded, zstd

Encode = Callable[[bytes], bytes]


def bare_deflate(data: bytes) -> bytes:
    compress = zlib.compressobj(wbits=decoding.RAW_BITS)
    return compress.compress(data) + compress.flush()


def two_members(data: bytes) -> bytes:
    return gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])


ENCODERS: list[tuple[str, Encode]] = [
    ("gzip", gzip.compress),
    ("GZip", gzip.compress),
    ("x-gzip", two_members),
    ("deflate", zlib.compress),
    ("deflate", bare_deflate),
    ("br", brotli.compress),
    ("zstd", zstd.compress),
]
each_encoder = pytest.mark.parametrize(("encoding", "encode"), ENCODERS)


def never(_head: bytes) -> bool:
    return False


def opened(body: bytes, encoding: str, *, chunk: int = 1000) -> bytes:
    chunks = (body[start : start + chunk] for start in range(0, len(body), chunk))
    return b"".join(decoded(chunks, encoding, is_plain=never))


@given(st.sampled_from(ENCODERS), st.binary(max_size=5000), st.integers(1, 700))
def test_what_was_encoded_comes_out(encoder: tuple[str, Encode], data: bytes, chunk: int) -> None:
    encoding, encode = encoder

    assert opened(encode(data), encoding, chunk=chunk) == data


@each_encoder
def test_a_body_that_breaks_off_is_told_from_a_whole_one(encoding: str, encode: Encode) -> None:
    body = encode(bytes(range(256)) * 40)

    with pytest.raises(Truncated):
        opened(body[:-9], encoding)


@each_encoder
def test_a_few_bytes_open_to_no_more_than_is_wanted(encoding: str, encode: Encode) -> None:
    pieces = decoded([encode(bytes(64 * 2**20))], encoding, is_plain=never)

    assert max(len(piece) for piece in itertools.islice(pieces, 20)) <= 2 * PIECE


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_bytes_of_another_encoding_are_refused(encoding: str) -> None:
    with pytest.raises(BadEncoding):
        opened(b"\xff\xfe nothing of the kind" * 9, encoding)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br,gzip", "compress", "x" * 999])
def test_several_layers_and_unknown_ones_are_refused(encoding: str) -> None:
    with pytest.raises(UnknownEncoding):
        opened(gzip.compress(b"x"), encoding)


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_what_is_not_encoded_passes(encoding: str) -> None:
    assert opened(b"as it is", encoding) == b"as it is"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "gzip, gzip"])
def test_an_encoding_that_is_named_and_not_applied_is_not_removed(encoding: str) -> None:
    chunks = [b"", b"\xff\xd8\xff picture", b" and more"]

    found = decoded(chunks, encoding, is_plain=lambda head: head.startswith(b"\xff\xd8"))

    assert b"".join(found) == b"\xff\xd8\xff picture and more"


def test_bytes_behind_the_last_member_are_ignored() -> None:
    assert opened(gzip.compress(b"whole") + b"\0\0junk", "gzip") == b"whole"


def test_a_window_that_takes_the_memory_is_refused() -> None:
    written = io.BytesIO()
    options = {zstd.CompressionParameter.window_log: 27}
    with zstd.ZstdFile(written, "w", options=options) as file:
        file.write(bytes(200 * 2**20))

    with pytest.raises(BadEncoding):
        opened(written.getvalue(), "zstd")

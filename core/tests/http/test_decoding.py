"""Bodies are opened one layer deep, piece by piece, and never further than the limit."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http.decoding import (
    PIECE,
    Damaged,
    LimitExceeded,
    Truncated,
    UnknownEncoding,
    decoded,
    encoding_of,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MEBIBYTE = 2**20


def bare_deflate(content: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(content) + stream.flush()


ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("deflate", bare_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd.compress),
}
every_encoding = pytest.mark.parametrize(("encoding", "encode"), ENCODERS.values(), ids=[*ENCODERS])
Encode = Callable[[bytes], bytes]


def opened(body: bytes, encoding: str, *, limit: int = 64 * MEBIBYTE, step: int = PIECE) -> bytes:
    chunks = (body[start : start + step] for start in range(0, len(body), step))
    return b"".join(decoded(chunks, encoding, limit=limit))


def zeros(encode: Encode, size: int) -> bytes:
    return encode(bytes(size))


@every_encoding
@given(content=st.binary(max_size=4000), repeats=st.integers(1, 80), step=st.integers(1, 5000))
def test_content_comes_out_however_it_was_cut_on_the_way(
    encoding: str, encode: Encode, content: bytes, repeats: int, step: int
) -> None:
    assert opened(encode(content * repeats), encoding, step=step) == content * repeats


@every_encoding
@given(content=st.binary(min_size=1, max_size=3000), lost=st.integers(1, 8))
def test_a_body_that_ends_too_early_is_told_from_a_whole_one(
    encoding: str, encode: Encode, content: bytes, lost: int
) -> None:
    body = encode(content)

    with pytest.raises(Truncated):
        opened(body[: max(1, len(body) - lost)], encoding)


@every_encoding
def test_content_of_just_the_limit_is_allowed(encoding: str, encode: Encode) -> None:
    assert len(opened(zeros(encode, MEBIBYTE), encoding, limit=MEBIBYTE)) == MEBIBYTE


@every_encoding
def test_one_byte_above_the_limit_is_refused(encoding: str, encode: Encode) -> None:
    with pytest.raises(LimitExceeded):
        opened(zeros(encode, MEBIBYTE + 1), encoding, limit=MEBIBYTE)


def test_the_limit_holds_without_an_encoding_too() -> None:
    with pytest.raises(LimitExceeded):
        opened(b"four", "", limit=3)


@pytest.mark.slow
@every_encoding
def test_a_bomb_is_opened_no_further_than_the_limit(encoding: str, encode: Encode) -> None:
    bomb = zeros(encode, 64 * MEBIBYTE)
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded):
            for _ in decoded([bomb], encoding, limit=16 * MEBIBYTE):
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2 * MEBIBYTE


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@given(contents=st.lists(st.binary(max_size=300), min_size=2, max_size=5), step=st.integers(1, 400))
def test_several_members_are_one_content(encoding: str, contents: list[bytes], step: int) -> None:
    _, encode = ENCODERS[encoding]

    assert opened(b"".join(map(encode, contents)), encoding, step=step) == b"".join(contents)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_second_member_that_is_cut_off_is_truncated(encoding: str) -> None:
    _, encode = ENCODERS[encoding]

    with pytest.raises(Truncated):
        opened(encode(b"first") + encode(b"second")[:-5], encoding)


@pytest.mark.parametrize("name", ["gzip", "deflate", "bare deflate", "zstd"])
@pytest.mark.parametrize("step", [1, 7, PIECE])
def test_what_stands_behind_the_end_is_ignored(name: str, step: int) -> None:
    encoding, encode = ENCODERS[name]

    assert opened(encode(b"content") + b"\0garbage" * 30, encoding, step=step) == b"content"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("step", [1, PIECE])
@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xe0\0\x10JFIF" * 9, b'{"code": 200}', b"<html>"]
)
def test_what_is_announced_as_encoded_and_is_not_passes_through(
    encoding: str, step: int, content: bytes
) -> None:
    assert opened(content, encoding, step=step) == content


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "br", "zstd"])
def test_an_empty_body_is_empty_content(encoding: str) -> None:
    assert opened(b"", encoding) == b""


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_bytes_that_were_changed_on_the_way_are_damaged(name: str) -> None:
    encoding, encode = ENCODERS[name]
    body = bytearray(encode(bytes(range(256)) * 50))
    body[len(body) // 2 :] = b"\xff" * (len(body) - len(body) // 2)

    with pytest.raises((Damaged, Truncated)):
        opened(bytes(body), encoding)


def test_a_zstd_window_above_eight_mebibytes_is_refused() -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 27}
    stream = zstd.ZstdCompressor(options=options)
    body = stream.compress(b"x" * 1000) + stream.flush()

    with pytest.raises(Damaged):
        opened(body, "zstd")


def test_pieces_come_before_the_body_has_ended() -> None:
    body = gzip.compress(bytes(MEBIBYTE))

    def chunks() -> Iterator[bytes]:
        yield body[:-8]
        raise AssertionError("read further than asked for")

    assert next(decoded(chunks(), "gzip", limit=MEBIBYTE))


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        (" GZip ", "gzip"),
        ("x-gzip", "gzip"),
        ("identity, br", "br"),
        ("deflate,", "deflate"),
        ("zstd", "zstd"),
    ],
)
def test_a_header_names_one_encoding(header: str, encoding: str) -> None:
    assert encoding_of(header) == encoding


@pytest.mark.parametrize("header", ["gzip, gzip", "br,gzip", "compress", "utf-8", "gzip;q=1"])
def test_several_layers_and_unknown_encodings_are_refused(header: str) -> None:
    with pytest.raises(UnknownEncoding):
        encoding_of(header)

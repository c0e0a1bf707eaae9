"""Identifies the kinds of media that are stored by their first bytes. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The number of bytes that `recognise` needs, unless the file is shorter.
HEAD_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """A media type, as the bytes show it, and its file name extension."""

    media_type: str
    extension: str


JPEG = Kind("image/jpeg", "jpg")
PNG = Kind("image/png", "png")
GIF = Kind("image/gif", "gif")
WEBP = Kind("image/webp", "webp")
AVIF = Kind("image/avif", "avif")
HEIC = Kind("image/heic", "heic")
MP4 = Kind("video/mp4", "mp4")
MOV = Kind("video/quicktime", "mov")
WEBM = Kind("video/webm", "webm")
M4A = Kind("audio/mp4", "m4a")

SIGNATURES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
)
AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
# Brands of every kind of picture. In the list of compatible brands they do not prove a HEIC.
COMMON_BRANDS = frozenset({b"mif1", b"msf1"})
SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "})
# The first boxes of QuickTime films that are older than `ftyp`.
QUICKTIME_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
# A byte that occurs in the length of a box but not in a text, so that "I'm free" is no film.
CONTROL = re.compile(rb"[^\t\n\r\x20-\xff]")
# The DocType in an EBML header. Its length may take up to eight bytes.
DOCTYPE_WEBM = re.compile(rb"\x42\x82(?:\x84|[\x40\x20\x10\x08\x04\x02\x01]\x00*\x04)webm")


def recognise(head: bytes) -> Kind | None:
    """Return the kind of a file that begins with these bytes, or None if it is not stored media."""
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:4] == b"\x1aE\xdf\xa3" and DOCTYPE_WEBM.search(head):
        return WEBM
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[4:8] in QUICKTIME_BOXES and CONTROL.search(head[:4]):
        return MOV
    return None


def _of_brands(head: bytes) -> Kind:
    length = int.from_bytes(head[:4], "big")
    major, listed = head[8:12], head[16 : min(length, HEAD_SIZE)]
    brands = {major} | {listed[start : start + 4] for start in range(0, len(listed), 4)}
    if brands & AVIF_BRANDS:  # checked before HEIC, because both list the common `mif1`
        return AVIF
    if major in HEIC_BRANDS or brands & HEIC_BRANDS - COMMON_BRANDS:
        return HEIC
    if major in SOUND_BRANDS:
        return M4A
    return MOV if major == b"qt  " else MP4

"""Tells a text or a page, which a host sends in place of a file, from the bytes of a file. Pure."""

from __future__ import annotations

import codecs

PROBE_SIZE = 1024
"""Bytes that `is_text` wants to see, unless there are fewer."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Bytes that stand in no text: control characters but for white space and the escape.
CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1b") | {0x7F}
MARKUP = (b"<", b"{", b"[")


def is_text(head: bytes) -> bool:
    """Whether bytes that begin like this are a text, whatever their media type is said to be.

    UTF-8, which may be cut at the end, or UTF-16 with its mark; in another encoding only what
    begins as HTML, XML or JSON does.
    """
    if head.startswith(UTF_16):
        return True
    if not head or CONTROLS & {*head}:
        return False
    if head.lstrip().startswith(MARKUP):
        return True
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return False
    return True

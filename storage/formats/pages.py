"""Detects a text or a page that a host sent in place of a file. Pure."""

from __future__ import annotations

import codecs

# The number of bytes that `is_text` needs, unless the file is shorter.
PROBE_SIZE = 1024
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Bytes that occur in no text: control characters except white space and the escape.
CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1b") | {0x7F}
MARKUP = (b"<", b"{", b"[")


def is_text(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is a text. Ignores the declared type.

    Detects UTF-8, which may be cut at the end, UTF-16 with a byte order mark, and in any other
    encoding the beginnings of HTML, XML and JSON.
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

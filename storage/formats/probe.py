"""Reads the facts of images and videos. No other package decodes pixels.

Decoders meet hostile bytes here, so they are bounded first: the decoder is chosen by the kind of
the bytes, its threads are off, and its pixels are limited.

"As displayed" means as browsers display it; docs/archiving.md describes it for each media type.
"""

from __future__ import annotations

from typing import BinaryIO

from storage.formats import pictures, videos
from storage.formats.facts import DECODERS, Facts, noted

__all__ = ["DECODERS", "Facts", "examine"]


def examine(file: BinaryIO, media_type: str) -> Facts:
    """Read the facts of the file. Raises OSError if the disk fails, and no other error.

    A fact that cannot be read stays unknown, and `problem` says why.
    """
    problems: list[str] = []
    facts = Facts()
    with noted(problems, media_type):
        if media_type in pictures.DECODED or media_type == pictures.HEIC:
            facts = pictures.examine(file, media_type)
        elif media_type in videos.DEMUXERS:
            facts = videos.examine(file, media_type)
    return facts if not problems else Facts(problem="; ".join(problems))

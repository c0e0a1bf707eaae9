"""What is in an image or a video. The only package that opens pixels.

Decoders meet hostile bytes here, so what a format may do is bounded before it is decoded: the
decoder is chosen by the bytes' own kind, its threads are off, and its pixels are limited.

"As displayed" is defined here, as browsers do it; docs/archiving.md has it type by type.
"""

from __future__ import annotations

from typing import BinaryIO

from storage.formats import pictures, videos
from storage.formats.facts import DECODERS, Facts, noted

__all__ = ["DECODERS", "Facts", "examine"]


def examine(file: BinaryIO, media_type: str) -> Facts:
    """Read what can be known of the file. Raises OSError for what the disk does, nothing else.

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

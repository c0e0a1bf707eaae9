"""The base pictures and clips and their sizes. `media.py` makes their bytes."""

from __future__ import annotations

SQUARE = range(12)
PORTRAIT = range(12, 24)
LANDSCAPE = range(24, 32)
TALL = range(32, 44)  # stories and covers of videos
PICTURES = range(44, 52)  # profile pictures
POSTS = (*SQUARE, *PORTRAIT, *LANDSCAPE)

LARGE_CLIPS = range(4)
SMALL_CLIP = 4  # the lower quality of a video
FRAMES_PER_SECOND = 12


def picture_size(base: int) -> tuple[int, int]:
    sizes = {SQUARE: (1080, 1080), PORTRAIT: (1080, 1350), LANDSCAPE: (1080, 566)}
    sizes |= {TALL: (1080, 1920), PICTURES: (640, 640)}
    return next(size for bases, size in sizes.items() if base in bases)


def clip_size(base: int) -> tuple[int, int]:
    return (192, 320) if base == SMALL_CLIP else (384, 640)


def clip_seconds(base: int) -> float:
    return 1.0 if base % 2 else 2.0

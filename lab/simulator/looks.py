"""Which base pictures and clips exist, and their sizes. No pixels here: see `media.py`."""

from __future__ import annotations

SQUARE = range(12)
PORTRAIT = range(12, 24)
LANDSCAPE = range(24, 32)
TALL = range(32, 44)  # stories and the covers of videos
PICTURES = range(44, 52)  # profile pictures
POSTS = (*SQUARE, *PORTRAIT, *LANDSCAPE)

LARGE_CLIPS = range(4)
SMALL_CLIP = 4  # the lower quality that a video is offered in as well
FRAMES_PER_SECOND = 12


def picture_size(look: int) -> tuple[int, int]:
    """Return width and height of a base picture."""
    sizes = {SQUARE: (1080, 1080), PORTRAIT: (1080, 1350), LANDSCAPE: (1080, 566)}
    sizes |= {TALL: (1080, 1920), PICTURES: (640, 640)}
    return next(size for looks, size in sizes.items() if look in looks)


def clip_size(look: int) -> tuple[int, int]:
    """Return width and height of a clip."""
    return (192, 320) if look == SMALL_CLIP else (384, 640)


def clip_seconds(look: int) -> float:
    """Return how long a clip runs."""
    return 1.0 if look % 2 else 2.0

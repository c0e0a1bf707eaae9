"""The invented answers in `payload_files/`, one per kind and family, all about the same account."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.utils.errors import UnexpectedPayload
from instagram.archiving import parse
from instagram.archiving.records import Page

FOLDER = Path(__file__).parent / "payload_files"
FAMILIES = ("web", "private", "v2", "xdt")
READERS: dict[str, Callable[[object], Any]] = {
    reader.__name__: reader
    for reader in (
        parse.profile,
        parse.posts,
        parse.post,
        parse.reels,
        parse.stories,
        parse.highlights,
        parse.highlight_stories,
    )
}
PATHS = sorted(FOLDER.glob("*.json"))


def example(kind: str, family: str) -> Any:
    """A fresh copy of one answer, which the test may change."""
    return json.loads((FOLDER / f"{kind}.{family}.json").read_text())


def listed(*items: Any) -> Any:
    return {"items": list(items), "more_available": False, "status": "ok"}


def item(index: int = 0, **changes: Any) -> Any:
    """A post of the private API: 0 an image, 1 a carousel, 2 a video with hidden likes."""
    return {**example("posts", "private")["items"][index], **changes}


def records(result: Any) -> list[Any]:
    """The records of a page, or a list of the single record."""
    return list(result.items) if isinstance(result, Page) else [result]


def rejections(result: Any) -> tuple[UnexpectedPayload, ...]:
    return result.rejected if isinstance(result, Page) else ()


def kept_raw(result: Any) -> Iterator[Any]:
    """Every part of the answer that is stored."""
    yield from (record.raw for record in records(result))
    yield from (rejection.raw for rejection in rejections(result))

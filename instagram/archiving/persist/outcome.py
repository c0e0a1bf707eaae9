"""What storing one page came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many items a page held, and what became of them; `wanted` files are new or renewed."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    rejected: int = 0
    wanted: int = 0

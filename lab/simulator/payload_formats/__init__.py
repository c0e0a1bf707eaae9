"""Writes the entities in the formats of the provider's families of endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.simulator.entities import SimulatedPost, SimulatedProfile, SimulatedStory
from lab.simulator.files import Links
from lab.simulator.world import World

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """The world and the links to the CDN, which a format needs besides the entity."""

    world: World
    links: Links

    def owner(self, item: SimulatedPost | SimulatedStory) -> SimulatedProfile:
        return self.world.profiles[item.owner]

    def coauthors(self, post: SimulatedPost) -> list[SimulatedProfile]:
        """Return the authors of the post except its owner."""
        return [self.world.profiles[identifier] for identifier in post.coauthors]


def unknown_item() -> Payload:
    """Return an item of unknown shape for a list of posts."""
    return {"type": "suggested_unit", "unit": {"title": "Suggested for you", "entries": []}}

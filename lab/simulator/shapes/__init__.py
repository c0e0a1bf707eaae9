"""How the provider's families of endpoints write the same facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.simulator.facts import SimulatedPost, SimulatedProfile, SimulatedStory
from lab.simulator.files import Links
from lab.simulator.world import World

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What a shape needs beside the facts: the world they stand in, and links to the CDN."""

    world: World
    links: Links

    def owner(self, item: SimulatedPost | SimulatedStory) -> SimulatedProfile:
        """Return the profile that published the item."""
        return self.world.profiles[item.owner]

    def coauthors(self, post: SimulatedPost) -> list[SimulatedProfile]:
        """Return the other authors of the post."""
        return [self.world.profiles[identifier] for identifier in post.coauthors]


def unknown_item() -> Payload:
    """Return something that stands among posts and is none."""
    return {"type": "suggested_unit", "unit": {"title": "Suggested for you", "entries": []}}

"""One simulated Instagram with its profiles, posts and stories."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lab.simulator import generation, texts
from lab.simulator.entities import (
    SimulatedHighlight,
    SimulatedPost,
    SimulatedProfile,
    SimulatedStory,
)
from lab.simulator.generation import DAY, ProfilePlan


class Unknown(LookupError):
    """The world has no such profile, post, story or highlight."""


@dataclass(slots=True)
class World:
    """All entities. They are generated from a seed and can be edited afterwards."""

    seed: str
    profiles: dict[str, SimulatedProfile] = field(default_factory=dict)
    posts: dict[str, SimulatedPost] = field(default_factory=dict)

    @classmethod
    def generate(
        cls,
        seed: str,
        *,
        profiles: int = 3,
        posts_per_profile: int = 20,
        stories_per_day: int = 2,
        highlights: int = 1,
        largest_carousel: int = 7,
    ) -> World:
        """Return a world of that many public profiles of equal size."""
        world = cls(seed)
        for index in range(profiles):
            world.add_profile(
                ProfilePlan(
                    username=_username(index),
                    posts=posts_per_profile,
                    stories_per_day=stories_per_day,
                    highlights=highlights,
                    largest_carousel=largest_carousel,
                )
            )
        return world

    def add_profile(self, plan: ProfilePlan) -> SimulatedProfile:
        """Generate and add a profile. It hides an older profile with the same username."""
        profile = generation.profile(plan, self.seed)
        self.profiles[profile.identifier] = profile
        self.posts |= {post.identifier: post for post in profile.posts}
        return profile

    def publish(
        self, username: str, *, kind: str, caption: str | None, label: str, taken_at: int = 0
    ) -> SimulatedPost:
        """Add an `image`, `video` or `carousel` post to a profile, by default as the newest."""
        owner = self.profile_named(username)
        newest = max((post.taken_at for post in owner.posts), default=generation.NEWEST_POST)
        post = generation.published(
            owner, kind=kind, taken_at=taken_at or newest + 3600, label=label, seed=self.seed
        )
        post.caption = caption
        owner.posts.append(post)
        self.posts[post.identifier] = post
        return post

    def share(self, post: SimulatedPost, coauthor: SimulatedProfile) -> None:
        """Make `coauthor` an author of the post, so that both feeds contain it."""
        post.coauthors.append(coauthor.identifier)
        coauthor.shared_posts.append(post)

    def delete_post(self, post: SimulatedPost) -> None:
        """Remove a post from the world and from all feeds."""
        del self.posts[post.identifier]
        self.profiles[post.owner].posts.remove(post)
        for coauthor in post.coauthors:
            self.profiles[coauthor].shared_posts.remove(post)

    def profile(self, identifier: str) -> SimulatedProfile:
        """Return the profile with that id. Raises Unknown."""
        if identifier not in self.profiles:
            raise Unknown(f"no profile {identifier}")
        return self.profiles[identifier]

    def profile_named(self, username: str) -> SimulatedProfile:
        """Return the profile that has the username now. Raises Unknown."""
        # From the end, because a profile that was added later hides one with the same name.
        wanted = username.lower()
        for profile in reversed(self.profiles.values()):
            if profile.username == wanted:
                return profile
        raise Unknown(f"no profile named {username}")

    def post(self, identifier: str) -> SimulatedPost:
        """Return the post with that id. Raises Unknown."""
        if identifier not in self.posts:
            raise Unknown(f"no post {identifier}")
        return self.posts[identifier]

    def feed(self, profile: SimulatedProfile) -> list[SimulatedPost]:
        """Return the posts in the order of the profile's page: pinned first, then the newest."""
        # By id: it begins with the time, and differs for two posts of the same second.
        newest_first = sorted(
            [*profile.posts, *profile.shared_posts], key=lambda post: -int(post.identifier)
        )
        return sorted(newest_first, key=lambda post: not post.is_pinned)

    def reels(self, profile: SimulatedProfile) -> list[SimulatedPost]:
        """Return the profile's single videos, newest first."""
        return [post for post in self.feed(profile) if post.is_video]

    def stories(self, profile: SimulatedProfile, now: int) -> list[SimulatedStory]:
        """Return the visible stories at that time, oldest first."""
        # Yesterday's stories are visible until the same time today.
        today = now // DAY
        posted = [
            *generation.daily_stories(profile, today - 1, self.seed),
            *generation.daily_stories(profile, today, self.seed),
            *profile.added_stories,
        ]
        return sorted(
            (
                story
                for story in posted
                if story.is_on_show(now) and story.identifier not in profile.deleted_stories
            ),
            key=lambda story: story.taken_at,
        )

    def highlight(self, identifier: str) -> SimulatedHighlight:
        """Return a highlight by its id, with or without the `highlight:` prefix. Raises Unknown."""
        bare = identifier.removeprefix("highlight:")
        for profile in self.profiles.values():
            for highlight in profile.highlights:
                if highlight.identifier == bare:
                    return highlight
        raise Unknown(f"no highlight {identifier}")


def _username(index: int) -> str:
    first = texts.FIRST_NAMES[index % len(texts.FIRST_NAMES)]
    subject = texts.SUBJECTS[index // len(texts.FIRST_NAMES) % len(texts.SUBJECTS)]
    plain = re.sub(r"[^a-z]", "", first.lower())
    return f"{plain}.{subject}_{index}"

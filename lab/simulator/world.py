"""One simulated Instagram: profiles, posts, stories, and how they are found and listed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lab.simulator import growing, texts
from lab.simulator.facts import SimulatedHighlight, SimulatedPost, SimulatedProfile, SimulatedStory
from lab.simulator.growing import DAY, ProfilePlan


class Unknown(LookupError):
    """The world holds no such profile, post, story or highlight."""


@dataclass(slots=True)
class World:
    """Everything that exists. Grown from a seed; `edits.py` changes it afterwards."""

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
        """Return a world of that many public profiles, all of the same size."""
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
        """Grow a profile and return it. A profile of the same username is kept, out of reach."""
        profile = growing.profile(plan, self.seed)
        self.profiles[profile.identifier] = profile
        self.posts |= {post.identifier: post for post in profile.posts}
        return profile

    def publish(
        self, username: str, *, kind: str, caption: str | None, label: str, taken_at: int = 0
    ) -> SimulatedPost:
        """Add an `image`, `video` or `carousel` post to a profile; newer than all by default."""
        owner = self.profile_named(username)
        newest = max((post.taken_at for post in owner.posts), default=growing.NEWEST_POST)
        post = growing.published(
            owner, kind=kind, taken_at=taken_at or newest + 3600, label=label, seed=self.seed
        )
        post.caption = caption
        owner.posts.append(post)
        self.posts[post.identifier] = post
        return post

    def share(self, post: SimulatedPost, coauthor: SimulatedProfile) -> None:
        """Make `coauthor` an author of the post too: it stands in both feeds."""
        post.coauthors.append(coauthor.identifier)
        coauthor.shared_posts.append(post)

    def delete_post(self, post: SimulatedPost) -> None:
        """Take a post out of the world and out of every feed."""
        del self.posts[post.identifier]
        self.profiles[post.owner].posts.remove(post)
        for coauthor in post.coauthors:
            self.profiles[coauthor].shared_posts.remove(post)

    def profile(self, identifier: str) -> SimulatedProfile:
        """Return the profile with that id; raises Unknown."""
        if identifier not in self.profiles:
            raise Unknown(f"no profile {identifier}")
        return self.profiles[identifier]

    def profile_named(self, username: str) -> SimulatedProfile:
        """Return the profile that holds the username now; raises Unknown."""
        wanted = username.lower()
        for profile in reversed(self.profiles.values()):
            if profile.username == wanted:
                return profile
        raise Unknown(f"no profile named {username}")

    def post(self, identifier: str) -> SimulatedPost:
        """Return the post with that id; raises Unknown."""
        if identifier not in self.posts:
            raise Unknown(f"no post {identifier}")
        return self.posts[identifier]

    def feed(self, profile: SimulatedProfile) -> list[SimulatedPost]:
        """Return the profile's posts as its page lists them: pinned ones first, then by age."""
        newest_first = sorted(
            [*profile.posts, *profile.shared_posts], key=lambda post: -int(post.identifier)
        )
        return sorted(newest_first, key=lambda post: not post.is_pinned)

    def reels(self, profile: SimulatedProfile) -> list[SimulatedPost]:
        """Return the profile's single videos, newest first."""
        return [post for post in self.feed(profile) if post.is_video]

    def stories(self, profile: SimulatedProfile, now: int) -> list[SimulatedStory]:
        """Return the stories on show at that time, oldest first."""
        today = now // DAY
        posted = [
            *growing.daily_stories(profile, today - 1, self.seed),
            *growing.daily_stories(profile, today, self.seed),
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
        """Return a highlight by its id, with or without the `highlight:` prefix; raises Unknown."""
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

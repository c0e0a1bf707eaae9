"""The worlds: sizes, determinism, and all documented edge cases."""

from __future__ import annotations

import time

import pytest

from lab.simulator import generation, manifest, worlds
from lab.simulator.entities import shortcode
from lab.simulator.files import Links
from lab.simulator.generation import DAY, ProfilePlan
from lab.simulator.payload_formats import View
from lab.simulator.world import World
from lab.simulator.worlds import WORLDS

NOON = 1_767_268_800  # 2026-01-01 12:00 UTC


def files_of(world: World) -> list[manifest.ExpectedFile]:
    view = View(world, Links("http://cdn.invalid", world.seed, 0))
    return [
        item for profile in world.profiles.values() for item in manifest.wanted(profile, view, NOON)
    ]


def test_foundation_has_a_thousand_posts_of_three_profiles() -> None:
    world = worlds.foundation("1")

    assert len(world.profiles) == 3
    assert len(world.posts) == 1000


def test_foundation_has_about_2500_files() -> None:
    assert 2350 < len(files_of(worlds.foundation("1"))) < 2650


@pytest.mark.slow
def test_a_profile_of_ten_thousand_posts_has_an_identifier_for_each() -> None:
    generated = generation.profile(ProfilePlan(username="ten.thousand", posts=10_000), "1")

    identifiers = [int(post.identifier) for post in generated.posts]
    assert identifiers == sorted({*identifiers}, reverse=True)
    assert identifiers[-1] > 0


def test_demo_is_small_enough_to_watch() -> None:
    assert 100 < len(files_of(worlds.demo("1"))) < 200


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_a_world_is_the_same_for_the_same_seed(name: str) -> None:
    assert WORLDS[name]("7") == WORLDS[name]("7")


def test_a_world_is_another_for_another_seed() -> None:
    first, second = worlds.demo("1"), worlds.demo("2")

    assert not set(first.posts) & set(second.posts)


def test_a_world_of_any_size_can_be_generated() -> None:
    world = World.generate("1", profiles=40, posts_per_profile=3)

    assert len({profile.username for profile in world.profiles.values()}) == 40
    assert len(world.posts) == 120


def test_no_two_files_share_a_name() -> None:
    world = worlds.foundation("1")
    names = [item.file.name("1") for item in files_of(world)]

    assert len(names) == len(set(names))


def test_identifiers_do_not_fit_into_a_double() -> None:
    assert all(int(identifier) > 2**53 for identifier in worlds.demo("1").posts)


def test_a_shortcode_is_the_identifier_in_base_64() -> None:
    assert [shortcode(number) for number in ("1", "63", "64", "4097")] == ["B", "_", "BA", "BAB"]


def test_the_same_number_of_stories_is_on_show_at_any_time() -> None:
    world = World("1")
    profile = world.add_profile(ProfilePlan(username="a.page", stories_per_day=4))
    moments = range(NOON, NOON + DAY, 611)

    assert {len(world.stories(profile, moment)) for moment in moments} == {4}


def test_stories_change_only_around_midnight() -> None:
    world = World("1")
    profile = world.add_profile(ProfilePlan(username="a.page", stories_per_day=4))
    morning, evening = NOON - DAY // 2 + 60, NOON + DAY // 2 - 60

    assert world.stories(profile, morning) == world.stories(profile, evening)
    assert world.stories(profile, morning) != world.stories(profile, evening + 120)


def test_no_story_is_on_show_after_its_expiry() -> None:
    world = worlds.edges("1")
    shown = world.stories(world.profile_named("story.hours"), NOON)

    assert len(shown) == 8
    assert min(story.expires_at for story in shown) - NOON <= DAY // 8
    assert all(story.taken_at <= NOON < story.expires_at for story in shown)


def test_the_edge_cases_exist() -> None:
    world = worlds.edges("1")
    plain = world.profile_named("plain.case")
    mixed = plain.posts[-1]

    assert world.profile_named("private.case").is_private
    assert world.profile_named("empty.case").posts == []
    assert [medium.video is not None for medium in mixed.media] == [False, True, False]


def test_plain_case_has_posts_without_caption_and_without_likes() -> None:
    posts = worlds.edges("1").profile_named("plain.case").posts

    assert None in [post.caption for post in posts]
    assert "" in [post.caption for post in posts]
    assert None in [post.like_count for post in posts]


def test_two_authors_share_one_post() -> None:
    world = worlds.edges("1")
    first, second = (world.profile_named(f"two.authors.{name}") for name in "ab")
    shared = {post.identifier for post in world.feed(first)} & {
        post.identifier for post in world.feed(second)
    }

    assert len(shared) == 1


def test_pinned_posts_come_first_at_any_age() -> None:
    world = worlds.edges("1")
    feed = world.feed(world.profile_named("pinned.case"))
    ages = [post.taken_at for post in feed]

    assert [post.is_pinned for post in feed[:3]] == [True, True, False]
    assert ages != sorted(ages, reverse=True)
    assert ages[2:] == sorted(ages[2:], reverse=True)


def test_generating_a_thousand_posts_is_fast() -> None:
    started = time.perf_counter()

    worlds.foundation("1")

    assert time.perf_counter() - started < 2.0

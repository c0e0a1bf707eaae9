"""The decider of posts, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from instagram.archiving.persist.assets import key_of
from instagram.archiving.persist.decide import posts as decider
from instagram.archiving.persist.decide.posts import KnownPosts
from instagram.archiving.persist.intents import Intents
from instagram.archiving.records import OwnerRecord, PostRecord
from instagram.models import Post, PostMedia, User
from lab.builders import NOW, medium, post

LATER = NOW + timedelta(hours=6)
USER = User(instagram_id="501", username="lena.v")
NOTHING = KnownPosts(posts={}, coauthor_ids={}, media={}, assets={}, people={"501": USER})


def decide(known: KnownPosts, *records: PostRecord, **options: Any) -> Intents:
    return decider.decide(USER, known, records, now=LATER, **options)


def stored(*records: PostRecord) -> KnownPosts:
    """The known rows after these posts were stored."""
    intents = decider.decide(USER, NOTHING, records, now=NOW)
    for number, asset in enumerate(intents.files.new):
        asset.pk = number + 1
    posts = {str(row.pk): row for row in intents.inserts if isinstance(row, Post)}
    return KnownPosts(
        posts=posts,
        coauthor_ids={key: frozenset() for key in posts},
        media={key: children(intents.media, key) for key in posts},
        assets={key_of(asset): asset for asset in intents.files.new},
        people=NOTHING.people,
    )


def children(rows: Sequence[PostMedia], post_id: str) -> dict[str, PostMedia]:
    return {row.instagram_id: row for row in rows if row.post_id == post_id}


def test_a_new_post_is_inserted_with_its_files_and_a_history_row() -> None:
    intents = decide(NOTHING, post(1))

    assert [row.pk for row in intents.inserts] == ["1"]
    assert [asset.source_name for asset in intents.files.new] == ["1_n.jpg"]
    assert [kind for _, kind in intents.history] == ["+"]


def test_an_unchanged_post_writes_nothing() -> None:
    intents = decide(stored(post(1)), post(1))

    assert intents == replace(
        Intents(intents.files, intents.outcome), inserts=[], updates=[], media=[], links=[],
        history=[], events=[],
    )  # fmt: skip
    assert (intents.files.new, intents.files.renewed) == ((), ())


def test_counts_alone_are_no_change() -> None:
    assert decide(stored(post(1)), post(1, like_count=11)).updates == []


def test_a_new_caption_updates_the_post_and_leaves_its_row_untouched() -> None:
    known = stored(post(1))

    [update] = decide(known, post(1, caption="edited")).updates

    assert update.values["caption"] == "edited"
    assert known.posts["1"].caption == "Caption 1"


def test_the_event_of_a_changed_order_names_the_children() -> None:
    known = stored(post(1, media=[medium(11), medium(12)]))

    [event] = decide(known, post(1, media=[medium(12), medium(11)])).events

    assert [child["id"] for child in event.before["media"]] == ["11", "12"]
    assert [child["id"] for child in event.after["media"]] == ["12", "11"]


def test_a_child_that_left_is_marked_as_removed() -> None:
    known = stored(post(1, media=[medium(11), medium(12)]))

    rows = decide(known, post(1, media=[medium(12)])).media

    assert {row.instagram_id: row.removed_at for row in rows} == {"12": None, "11": LATER}


def test_a_carousel_that_is_cut_short_takes_no_child_out() -> None:
    known = stored(post(1, media=[medium(11), medium(12)]))

    cut_short = post(1, media=[medium(11)], counted_media=2, variant="carousel")

    assert decide(known, cut_short).media == []


def test_a_fresh_url_renews_a_file_that_is_not_stored_yet() -> None:
    intents = decide(stored(post(1)), post(1, media=[medium(1, signature="b")]))

    assert [asset.source_name for asset, _ in intents.files.renewed] == ["1_n.jpg"]
    assert intents.updates == []


def test_a_post_that_names_a_new_owner_is_rejected() -> None:
    stranger = OwnerRecord("77", "stranger")

    intents = decide(stored(post(1)), post(1, owner=stranger, caption="taken over"))

    assert intents.outcome.rejected == 1
    assert intents.updates == []


def test_a_post_of_an_erased_profile_is_seen_and_not_stored() -> None:
    intents = decide(NOTHING, post(1, owner=OwnerRecord("66", "erased")))

    assert (intents.outcome.seen, intents.outcome.new, intents.inserts) == (1, 0, [])


def test_a_list_marks_only_the_posts_that_it_has_not_shown_before() -> None:
    known = stored(post(1), post(2))
    known.posts["1"].in_grid = True

    intents = decide(known, post(1), post(2), tab="in_grid")

    assert intents.marks == {"in_grid": ["2"]}

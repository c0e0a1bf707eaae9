"""The V2 family: bare `id`, `image_versions.items`, `thumbnail_url`."""

from __future__ import annotations

from datetime import UTC, datetime

from lab.simulator.entities import (
    Location,
    SimulatedHighlight,
    SimulatedMedium,
    SimulatedPost,
    SimulatedProfile,
    SimulatedStory,
)
from lab.simulator.payload_formats import Payload, View, private


def short_user(profile: SimulatedProfile, view: View) -> Payload:
    """Return the user object inside of items: `id` without `pk`."""
    return {
        "id": profile.identifier,
        "username": profile.username,
        "full_name": profile.full_name,
        "is_private": profile.is_private,
        "is_verified": profile.is_verified,
        "profile_pic_id": f"{profile.picture.number}_{profile.identifier}",
        "profile_pic_url": view.links.url(profile.picture, "dst-jpg_s150x150"),
    }


def media(post: SimulatedPost, view: View) -> Payload:
    owner = short_user(view.owner(post), view)
    return {
        # The bare id as text, without the owner's; this family has no `pk`.
        "id": post.identifier,
        "code": post.shortcode,
        **_times(post.taken_at),
        "user": owner,
        "owner": owner,
        "caption": _caption(post, view),
        "caption_is_edited": False,
        "comment_count": post.comment_count,
        **private.likes(post),
        "is_paid_partnership": False,
        "sponsor_tags": [],
        "tagged_users": [],
        "coauthor_producers": [short_user(author, view) for author in view.coauthors(post)],
        "timeline_pinned_user_ids": [post.owner] if post.is_pinned else [],
        "is_pinned": post.is_pinned,
        "location": _location(post.location),
        **_media_of_post(post, view),
    }


def story(item: SimulatedStory, view: View) -> Payload:
    owner = short_user(view.owner(item), view)
    return {
        "id": item.identifier,
        "code": None,
        **_times(item.taken_at),
        "expiring_at": item.expires_at,
        "user": owner,
        "owner": owner,
        "caption": None,
        "story_link_stickers": [],
        "story_hashtags": [],
        "story_countdowns": [],
        "tagged_users": [],
        "is_paid_partnership": False,
        **files(item.medium, view),
        "media_name": "story",
        "product_type": "story",
    }


def highlight(kept: SimulatedHighlight, view: View) -> Payload:
    """Return one highlight of the tray, without its stories."""
    cover = view.links.candidates(kept.cover, 1080, 1920)[0]
    return {
        "id": f"highlight:{kept.identifier}",
        "title": kept.title,
        "created_at": kept.stories[-1].taken_at if kept.stories else 0,
        "media_count": len(kept.stories),
        "is_pinned_highlight": False,
        "highlight_reel_type": "DEFAULT",
        "cover_media": {
            "cropped_image_version": {
                "url": cover.url,
                "width": cover.width,
                "height": cover.height,
            },
            "full_image_version": None,
            "media_id": None,
        },
        "user": short_user(view.world.profiles[kept.owner], view),
    }


def files(medium: SimulatedMedium, view: View) -> Payload:
    """Return the keys of one picture or video."""
    pictures = view.links.candidates(medium.image, medium.width, medium.height)
    common: Payload = {
        "media_type": 2 if medium.video else 1,
        "is_video": medium.video is not None,
        "thumbnail_url": pictures[0].url,
        "image_versions": {"items": private.image_versions(pictures)},
        "original_width": medium.width,
        "original_height": medium.height,
        "accessibility_caption": medium.alternative_text,
    }
    if medium.video is None:
        return common
    return common | {
        "video_url": view.links.url(medium.video),
        "video_versions": private.video_versions(medium, view),
        "video_duration": medium.duration,
        "has_audio": False,
    }


def _media_of_post(post: SimulatedPost, view: View) -> Payload:
    if post.is_carousel:
        return {
            "media_type": 8,
            "media_name": "album",
            "product_type": "carousel_container",
            "is_video": False,
            "thumbnail_url": view.links.url(post.media[0].image),
            "carousel_media_count": len(post.media),
            "carousel_media_ids": [int(child.identifier) for child in post.media],
            "carousel_media": [_child(child, post, view) for child in post.media],
        }
    name = {"media_name": "reel", "product_type": "clips", "play_count": post.play_count}
    still = {"media_name": "post", "product_type": "feed"}
    return {**files(post.media[0], view), **(name if post.is_video else still)}


def _child(child: SimulatedMedium, post: SimulatedPost, view: View) -> Payload:
    return {
        "id": child.identifier,
        "carousel_parent_id": f"{post.identifier}_{post.owner}",
        **_times(post.taken_at),
        **files(child, view),
        "media_name": "reel" if child.video else "post",
        "product_type": "carousel_item",
        "tagged_users": [],
    }


def _caption(post: SimulatedPost, view: View) -> Payload | None:
    if post.caption is None:
        return None
    words = post.caption.split()
    return {
        "id": str(int(post.identifier) + 7),
        "user_id": post.owner,
        "user": short_user(view.owner(post), view),
        "text": post.caption,
        "type": 1,
        "created_at": post.taken_at,
        "created_at_utc": post.taken_at,
        "hashtags": [word for word in words if word.startswith("#")],
        "mentions": [word for word in words if word.startswith("@")],
    }


def _location(where: Location | None) -> Payload | None:
    if where is None:
        return None
    return {
        "id": where.identifier,
        "facebook_places_id": int(where.identifier),
        "name": where.name,
        "short_name": where.name,
        "city": where.city,
        "address": "",
        "lat": where.latitude,
        "lng": where.longitude,
    }


def _times(taken_at: int) -> Payload:
    return {
        "taken_at": taken_at,
        "taken_at_ts": taken_at,
        "taken_at_date": datetime.fromtimestamp(taken_at, UTC).isoformat(),
    }

"""The private-API family: `pk`, `image_versions2`, `carousel_media`."""

from __future__ import annotations

from collections.abc import Iterable

from lab.simulator import base_media
from lab.simulator.entities import Location, SimulatedMedium, SimulatedPost, SimulatedProfile
from lab.simulator.files import File, FileCandidate
from lab.simulator.payload_formats import Payload, View


def number_or_text(identifier: str) -> int | str:
    # Recorded answers contain both. An odd id is text here, an even one a number.
    return identifier if int(identifier) % 2 else int(identifier)


def short_user(profile: SimulatedProfile, view: View) -> Payload:
    """Return the user object inside of posts and stories."""
    return {
        "pk": number_or_text(profile.identifier),
        "pk_id": profile.identifier,
        "id": profile.identifier,
        "strong_id__": profile.identifier,
        "username": profile.username,
        "full_name": profile.full_name,
        "is_private": profile.is_private,
        "is_verified": profile.is_verified,
        "profile_pic_id": f"{profile.picture.number}_{profile.identifier}",
        "profile_pic_url": view.links.url(profile.picture, "dst-jpg_s150x150"),
        "has_anonymous_profile_picture": False,
        "is_unpublished": False,
        "account_badges": [],
    }


def user(profile: SimulatedProfile, view: View) -> Payload:
    """Return the user object of profile endpoints."""
    links = [{"url": profile.external_url, "title": "", "link_type": "external"}]
    largest, *smaller = view.links.candidates(profile.picture, 640, 640)
    return {
        **short_user(profile, view),
        "fbid_v2": int("1784140" + profile.identifier[-10:].zfill(10)),
        "biography": profile.biography,
        "bio_links": links if profile.external_url else [],
        "external_url": profile.external_url or "",
        "follower_count": profile.follower_count,
        "following_count": profile.following_count,
        "media_count": len(view.world.feed(profile)),
        "total_clips_count": len(view.world.reels(profile)),
        "has_highlight_reels": bool(profile.highlights),
        "hd_profile_pic_versions": image_versions(reversed(smaller)),
        "hd_profile_pic_url_info": {
            "url": largest.url,
            "width": largest.width,
            "height": largest.height,
        },
        "is_business": profile.category is not None,
        "account_type": 3 if profile.category else 1,
        "category": profile.category,
        "has_chaining": False,
        "pronouns": [],
    }


def media(post: SimulatedPost, view: View) -> Payload:
    owner = view.owner(post)
    return {
        "taken_at": post.taken_at,
        "pk": number_or_text(post.identifier),
        "id": f"{post.identifier}_{post.owner}",
        # In microseconds here; the provider also sends milliseconds, so clients must not use it.
        "device_timestamp": post.taken_at * 1_000_000,
        "code": post.shortcode,
        "user": short_user(owner, view),
        "caption": caption(post, view),
        "caption_is_edited": False,
        "comment_count": post.comment_count,
        **likes(post),
        "is_paid_partnership": False,
        "sponsor_tags": [],
        "coauthor_producers": [short_user(author, view) for author in view.coauthors(post)],
        "timeline_pinned_user_ids": [int(post.owner)] if post.is_pinned else [],
        "clips_tab_pinned_user_ids": [],
        "has_liked": False,
        "filter_type": 0,
        "deleted_reason": 0,
        **location(post.location),
        **media_of_post(post, view),
    }


def media_of_post(post: SimulatedPost, view: View) -> Payload:
    """Return the keys that depend on whether the post is a picture, a video or a carousel."""
    if not post.is_carousel:
        video = {"play_count": post.play_count, "product_type": "clips"}
        return {**files(post.media[0], view), **(video if post.is_video else {})}
    children = [
        {
            "pk": number_or_text(child.identifier),
            "id": f"{child.identifier}_{post.owner}",
            "carousel_parent_id": f"{post.identifier}_{post.owner}",
            **files(child, view),
            "product_type": "carousel_item",
        }
        for child in post.media
    ]
    return {
        "media_type": 8,
        "product_type": "carousel_container",
        "carousel_media_count": len(children),
        "carousel_media": children,
    }


def files(medium: SimulatedMedium, view: View) -> Payload:
    """Return the keys of one picture or video."""
    common: Payload = {
        "media_type": 2 if medium.video else 1,
        "product_type": "feed",
        "image_versions2": {
            "candidates": image_versions(
                view.links.candidates(medium.image, medium.width, medium.height)
            )
        },
        "original_width": medium.width,
        "original_height": medium.height,
        "accessibility_caption": medium.alternative_text,
    }
    if medium.video is None:
        return common
    return common | {
        "video_versions": video_versions(medium, view),
        "video_duration": medium.duration,
        "has_audio": False,
        "is_dash_eligible": 0,
    }


def image_versions(sizes: Iterable[FileCandidate]) -> list[Payload]:
    """Return the sizes of a picture in the order given."""
    return [{"width": size.width, "height": size.height, "url": size.url} for size in sizes]


def video_versions(medium: SimulatedMedium, view: View) -> list[Payload]:
    """Return the qualities of a video, best first."""
    offered = [file for file in (medium.video, medium.small_video) if file]
    return [_video_version(kind, file, view) for kind, file in enumerate(offered, start=101)]


def likes(post: SimulatedPost) -> Payload:
    # Hidden likes still have a number, but only of those that the viewer may see.
    hidden = post.like_count is None
    return {"like_and_view_counts_disabled": hidden, "like_count": 3 if hidden else post.like_count}


def caption(post: SimulatedPost, view: View) -> Payload | None:
    """Return the caption object; None for a post without one."""
    if post.caption is None:
        return None
    return {
        "pk": str(int(post.identifier) + 7),
        "user_id": post.owner,
        "user": short_user(view.owner(post), view),
        "text": post.caption,
        "type": 1,
        "created_at": post.taken_at,
        "created_at_utc": post.taken_at,
        "content_type": "comment",
        "status": "Active",
        "media_id": post.identifier,
    }


def location(where: Location | None) -> Payload:
    """Return the location keys; none for a post without one."""
    if where is None:
        return {}
    return {
        "lat": where.latitude,
        "lng": where.longitude,
        "location": {
            "pk": int(where.identifier),
            "facebook_places_id": int(where.identifier),
            "external_source": "facebook_places",
            "name": where.name,
            "short_name": where.name,
            "address": "",
            "city": where.city,
            "lat": where.latitude,
            "lng": where.longitude,
        },
    }


def _video_version(kind: int, file: File, view: View) -> Payload:
    width, height = base_media.clip_size(file.base)
    return {
        "type": kind,
        "width": width,
        "height": height,
        "url": view.links.url(file),
        "id": f"{file.number}v",
    }

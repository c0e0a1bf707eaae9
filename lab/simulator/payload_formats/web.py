"""The web family: `edge_…` connections, `display_url`, `taken_at_timestamp`."""

from __future__ import annotations

from lab.simulator.entities import SimulatedMedium, SimulatedPost, SimulatedProfile
from lab.simulator.payload_formats import Payload, View

POSTS_IN_PROFILE = 12


def user(profile: SimulatedProfile, view: View) -> Payload:
    """Return the user with the newest posts; a private one has none."""
    feed = view.world.feed(profile)
    shown = [] if profile.is_private else feed[:POSTS_IN_PROFILE]
    has_more = len(feed) > len(shown) > 0
    links = [{"title": "", "url": profile.external_url, "link_type": "external"}]
    return {
        "id": profile.identifier,
        "fbid": "1784140" + profile.identifier[-10:].zfill(10),
        "username": profile.username,
        "full_name": profile.full_name,
        "biography": profile.biography,
        "bio_links": links if profile.external_url else [],
        "external_url": profile.external_url,
        "edge_followed_by": {"count": profile.follower_count},
        "edge_follow": {"count": profile.following_count},
        "profile_pic_url": view.links.url(profile.picture, "dst-jpg_s150x150"),
        "profile_pic_url_hd": view.links.url(profile.picture),
        "is_private": profile.is_private,
        "is_verified": profile.is_verified,
        "is_business_account": False,
        "is_professional_account": profile.category is not None,
        "category_name": profile.category,
        "highlight_reel_count": len(profile.highlights),
        "has_clips": bool(view.world.reels(profile)),
        "hide_like_and_view_counts": False,
        "pronouns": [],
        "edge_owner_to_timeline_media": connection(
            [node(post, view) for post in shown],
            count=len(feed),
            cursor=shown[-1].identifier if has_more else None,
        ),
    }


def connection(nodes: list[Payload], *, count: int, cursor: str | None) -> Payload:
    """Return one page of a GraphQL connection."""
    return {
        "count": count,
        "page_info": {"has_next_page": cursor is not None, "end_cursor": cursor or ""},
        "edges": [{"node": item} for item in nodes],
    }


def node(post: SimulatedPost, view: View) -> Payload:
    owner, where = view.owner(post), post.location
    kind = "GraphVideo" if post.is_video else "GraphImage"
    if post.is_carousel:
        kind = "GraphSidecar"
    return {
        **_files(post.media[0], view, kind=kind),
        "id": post.identifier,
        "shortcode": post.shortcode,
        "taken_at_timestamp": post.taken_at,
        "owner": {"id": owner.identifier, "username": owner.username},
        # A post without a caption has no edge.
        "edge_media_to_caption": {
            "edges": [] if post.caption is None else [{"node": {"text": post.caption}}]
        },
        "edge_media_to_comment": {"count": post.comment_count},
        "comments_disabled": False,
        "edge_media_preview_like": {
            # Hidden likes are -1 in this family.
            "count": -1 if post.like_count is None else post.like_count,
            "edges": [],
        },
        "edge_media_to_tagged_user": {"edges": []},
        "location": where
        and {"id": where.identifier, "has_public_page": True, "name": where.name, "slug": ""},
        "coauthor_producers": [_author(author, view) for author in view.coauthors(post)],
        "pinned_for_users": [_author(owner, view)] if post.is_pinned else [],
        **({"video_view_count": post.play_count} if post.is_video else {}),
        **_children(post, view),
    }


def _files(medium: SimulatedMedium, view: View, *, kind: str) -> Payload:
    pictures = view.links.candidates(medium.image, medium.width, medium.height)
    common: Payload = {
        "__typename": kind,
        "dimensions": {"height": medium.height, "width": medium.width},
        "display_url": pictures[0].url,
        "display_resources": [
            {"src": size.url, "config_width": size.width, "config_height": size.height}
            for size in reversed(pictures)
        ],
        "thumbnail_src": pictures[-1].url,
        "accessibility_caption": medium.alternative_text,
        "is_video": kind == "GraphVideo",
    }
    if kind != "GraphVideo" or medium.video is None:
        return common
    return common | {
        "video_url": view.links.url(medium.video),
        "video_duration": medium.duration,
        "has_audio": False,
    }


def _children(post: SimulatedPost, view: View) -> Payload:
    if not post.is_carousel:
        return {}
    nodes = [
        {
            **_files(child, view, kind="GraphVideo" if child.video else "GraphImage"),
            "id": child.identifier,
        }
        for child in post.media
    ]
    return {"edge_sidecar_to_children": {"edges": [{"node": child} for child in nodes]}}


def _author(profile: SimulatedProfile, view: View) -> Payload:
    return {
        "id": profile.identifier,
        "username": profile.username,
        "is_verified": profile.is_verified,
        "profile_pic_url": view.links.url(profile.picture, "dst-jpg_s150x150"),
    }

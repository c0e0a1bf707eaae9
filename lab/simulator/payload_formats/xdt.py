"""The 2025 GraphQL family: private-API media among many nulls."""

from __future__ import annotations

from lab.simulator.entities import SimulatedPost
from lab.simulator.payload_formats import Payload, View, private

CONNECTION = "xdt_api__v1__feed__user_timeline_graphql_connection"
# Recorded nodes name these keys with null, unless the private API's media have a value for them.
ABSENT = (
    "accessibility_caption", "audience", "boosted_status", "carousel_media",
    "carousel_media_count", "clips_metadata", "display_uri", "group", "headline", "link",
    "location", "logging_info_token", "media_overlay_info", "open_carousel_submission_state",
    "preview", "product_type", "story_cta", "usertags", "video_dash_manifest", "video_versions",
    "view_count",
)  # fmt: skip


def node(post: SimulatedPost, view: View) -> Payload:
    """Return one post. Ids are always text; hidden likes and everything absent are null."""
    media = private.media(post, view)
    return {
        **dict.fromkeys(ABSENT),
        **media,
        "__typename": "XDTMediaDict",
        "pk": post.identifier,
        "like_count": post.like_count,
        "user": media["user"] | {"pk": post.owner, "__typename": "XDTUserDict"},
    }


def connection(nodes: list[Payload], cursor: str | None) -> Payload:
    return {
        CONNECTION: {
            "edges": [
                {"node": item, "cursor": str(item.get("id", "")), "__typename": "XDTEdge"}
                for item in nodes
            ],
            "page_info": {
                "end_cursor": cursor,
                "has_next_page": cursor is not None,
                "has_previous_page": False,
                "start_cursor": None,
            },
        }
    }

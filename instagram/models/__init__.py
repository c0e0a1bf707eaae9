"""Profiles, posts, stories and archive runs."""

from instagram.models.availability import Availability
from instagram.models.posts import Post, PostMedia
from instagram.models.runs import ArchiveRun, RejectedItem, RunStream
from instagram.models.stories import Story
from instagram.models.users import ProfileMetric, User, UsernamePeriod

__all__ = [
    "ArchiveRun",
    "Availability",
    "Post",
    "PostMedia",
    "ProfileMetric",
    "RejectedItem",
    "RunStream",
    "Story",
    "User",
    "UsernamePeriod",
]

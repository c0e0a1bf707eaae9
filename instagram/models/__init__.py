"""Profiles, posts, stories, highlights, archive runs and their history."""

from instagram.models.availability import Availability, Observed
from instagram.models.changes import ChangeEvent
from instagram.models.erasure import LegalHold, Tombstone
from instagram.models.feed_clock import FeedClock
from instagram.models.highlights import Highlight, HighlightItem
from instagram.models.polls import StoryWindow, StreamPoll
from instagram.models.posts import Post, PostMedia
from instagram.models.runs import ArchiveRun, RejectedItem, RunStream, StreamPage
from instagram.models.stories import Story
from instagram.models.tallies import RowTally
from instagram.models.users import ProfileAddition, ProfileMetric, User, UsernamePeriod
from instagram.models.view_tallies import PostViews, StoryViews

__all__ = [
    "ArchiveRun",
    "Availability",
    "ChangeEvent",
    "FeedClock",
    "Highlight",
    "HighlightItem",
    "LegalHold",
    "Observed",
    "Post",
    "PostMedia",
    "PostViews",
    "ProfileAddition",
    "ProfileMetric",
    "RejectedItem",
    "RowTally",
    "RunStream",
    "Story",
    "StoryViews",
    "StoryWindow",
    "StreamPage",
    "StreamPoll",
    "Tombstone",
    "User",
    "UsernamePeriod",
]

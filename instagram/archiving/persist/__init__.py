"""Stores records as rows, idempotently, and writes only changes: read, decide, apply.

The caller opens one transaction for each page. Nothing here calls the Core API.
"""

from instagram.archiving.persist import absent
from instagram.archiving.persist.highlights import highlight_stories, tray
from instagram.archiving.persist.intents import Outcome, Tab
from instagram.archiving.persist.posts import posts
from instagram.archiving.persist.profiles import missing, profile
from instagram.archiving.persist.stories import stories

__all__ = [
    "Outcome",
    "Tab",
    "absent",
    "highlight_stories",
    "missing",
    "posts",
    "profile",
    "stories",
    "tray",
]

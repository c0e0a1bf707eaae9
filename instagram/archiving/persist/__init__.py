"""Records into rows, idempotently, writing only what changed.

One page is one transaction, opened by the caller. Nothing here calls the Core API.
"""

from instagram.archiving.persist.outcome import Outcome
from instagram.archiving.persist.posts import posts
from instagram.archiving.persist.profiles import missing, profile
from instagram.archiving.persist.stories import stories

__all__ = ["Outcome", "missing", "posts", "profile", "stories"]

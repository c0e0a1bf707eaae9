"""The admin of the archive. Most rows are written by the program and read-only here."""

from instagram.admin.changes import ChangeEventAdmin
from instagram.admin.erasure import LegalHoldAdmin, TombstoneAdmin
from instagram.admin.highlights import HighlightAdmin
from instagram.admin.polls import StreamPollAdmin
from instagram.admin.posts import PostAdmin
from instagram.admin.runs import ArchiveRunAdmin, RejectedItemAdmin
from instagram.admin.stories import StoryAdmin
from instagram.admin.users import UserAdmin

__all__ = [
    "ArchiveRunAdmin",
    "ChangeEventAdmin",
    "HighlightAdmin",
    "LegalHoldAdmin",
    "PostAdmin",
    "RejectedItemAdmin",
    "StoryAdmin",
    "StreamPollAdmin",
    "TombstoneAdmin",
    "UserAdmin",
]

"""Reads the provider's answers into records. The only package that knows their keys.

Pure: no ORM, no network, no clock, nothing of Django. Each function takes the `data` of an
envelope in any of the four families (web GraphQL, private API, V2, xdt), recognised by its own
keys. It raises only CoreAPIErrors: UnexpectedPayload if no shape fits, and NotAvailable,
NoSuchProfile or PrivateProfile if the body says so. An item of unknown shape in a page goes to
`Page.rejected`, and the other items are read.

    unwrap      opens wrappers, finds lists and cursors, notices failures in the body
    storable    makes text and numbers safe for PostgreSQL
    values      reads single values: the right kind, or None
    pages       collects records and rejections
    owners, media, profiles, posts, stories, highlights    read one noun each
"""

from instagram.archiving.parse.highlights import highlights
from instagram.archiving.parse.posts import post, posts, reels
from instagram.archiving.parse.profiles import profile
from instagram.archiving.parse.stories import highlight_stories, stories

__all__ = ["highlight_stories", "highlights", "post", "posts", "profile", "reels", "stories"]

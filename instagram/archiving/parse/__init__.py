"""Turns what the provider sent into records. The only package that knows its key names.

Pure: no ORM, no network, no clock, nothing of Django. Each function takes the `data` of an
envelope in any of the four families (web GraphQL, private API, V2, xdt), recognised by its own
keys, and raises nothing but a `CoreAPIError`: UnexpectedPayload where no shape fits,
NotAvailable, NoSuchProfile and PrivateProfile where the answer says so in its body. In a page, an
item of unknown shape costs only itself and ends up in `Page.rejected`.

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

"""How often posts and stories were looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import connection, models

from instagram.models.posts import Post
from instagram.models.stories import Story

# Only things that still exist, in the order of their keys, so that two writers cannot deadlock.
ADD = """
INSERT INTO instagram_{thing}views AS counted ({thing}_id, views)
SELECT thing.{key}, wanted.views
  FROM unnest(%s::text[], %s::bigint[]) AS wanted (id, views)
  JOIN instagram_{thing} thing ON thing.{key} = wanted.id
 ORDER BY thing.{key}
ON CONFLICT ({thing}_id) DO UPDATE SET views = counted.views + excluded.views
"""


class ViewTally(models.Model):
    """The views of one thing. A row of its own, so that a view changes nothing of the thing."""

    THING: ClassVar[str]
    KEY: ClassVar[str]

    views = models.BigIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.pk}: {self.views} views"

    @classmethod
    def add(cls, views: Mapping[str, int]) -> None:
        """Add the views by the id of the thing. 1 statement."""
        statement = ADD.format(thing=cls.THING, key=cls.KEY)
        with connection.cursor() as cursor:
            cursor.execute(statement, [[*views], [*views.values()]])


class PostViews(ViewTally):
    """The views of a post."""

    THING = "post"
    KEY = "id"

    post = models.OneToOneField(Post, models.CASCADE, primary_key=True, related_name="viewed")


class StoryViews(ViewTally):
    """The views of a story."""

    THING = "story"
    KEY = "story_id"

    story = models.OneToOneField(Story, models.CASCADE, primary_key=True, related_name="viewed")

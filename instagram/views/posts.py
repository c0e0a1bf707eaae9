"""Posts."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import generics

from instagram.filters import PostFilter
from instagram.models import ChangeEvent, Post
from instagram.serializers.changes import VersionSerializer
from instagram.serializers.posts import PostDetailSerializer, PostSerializer
from instagram.views import base, querysets


class PostListView(base.SearchedList[Post]):
    """The archived posts, the newest first."""

    queryset = querysets.posts()
    serializer_class = PostSerializer
    filterset_class = PostFilter
    orderings = ("created_at", "updated_at", "post_created_at")
    default_ordering = "-post_created_at"


class PostDetailView(generics.RetrieveAPIView[Post]):
    """A post with its owner in full."""

    queryset = querysets.posts_in_full()
    serializer_class = PostDetailSerializer
    lookup_field = "id"


class PostHistoryView(base.ArchiveList[ChangeEvent]):
    """What changed in a post, the newest version first; empty for an unknown one."""

    queryset = ChangeEvent.objects.filter(kind=ChangeEvent.Kind.POST)
    serializer_class = VersionSerializer
    default_ordering = "-id"

    def get_queryset(self) -> QuerySet[ChangeEvent]:
        """The versions of one post."""
        return super().get_queryset().filter(object_id=self.kwargs["id"])


class SimilarPostsView(base.SimilarList[Post]):
    """The most similar posts first, never the post itself; empty for an unknown one."""

    queryset = Post.objects.none()
    serializer_class = PostSerializer

"""Posts."""

from __future__ import annotations

from rest_framework import generics

from instagram.filters import PostFilter
from instagram.models import Post
from instagram.serializers.posts import PostDetailSerializer, PostSerializer
from instagram.views import base


class PostListView(base.SearchedList[Post]):
    """The archived posts, the newest first."""

    queryset = Post.objects.for_api()
    serializer_class = PostSerializer
    filterset_class = PostFilter
    orderings = ("created_at", "updated_at", "post_created_at")
    default_ordering = "-post_created_at"


class PostDetailView(generics.RetrieveAPIView[Post]):
    """A post with its owner in full."""

    queryset = Post.objects.for_api_detail()
    serializer_class = PostDetailSerializer
    lookup_field = "id"


class SimilarPostsView(base.SimilarList[Post]):
    """The most similar posts first, never the post itself; empty for an unknown one."""

    queryset = Post.objects.none()
    serializer_class = PostSerializer

"""Posts."""

from __future__ import annotations

from rest_framework import generics

from instagram.filters import PostFilter
from instagram.models import Post
from instagram.serializers.posts import PostDetailSerializer, PostSerializer
from instagram.views import base


class PostListView(base.SearchedList[Post]):
    """`/instagram/posts/`"""

    queryset = Post.objects.for_api()
    serializer_class = PostSerializer
    filterset_class = PostFilter
    orderings = ("created_at", "updated_at", "post_created_at")
    default_ordering = "-post_created_at"


class PostDetailView(generics.RetrieveAPIView[Post]):
    """`/instagram/posts/<id>/`"""

    queryset = Post.objects.for_api_detail()
    serializer_class = PostDetailSerializer
    lookup_field = "id"


class SimilarPostsView(base.SimilarList[Post]):
    """`/instagram/posts/<id>/similar/`"""

    queryset = Post.objects.none()
    serializer_class = PostSerializer

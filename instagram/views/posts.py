"""Posts."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request

from instagram.filters import PostFilter, TextSearch
from instagram.models import ChangeEvent, Post, PostViews
from instagram.serializers.changes import VersionSerializer
from instagram.serializers.posts import PostDetailSerializer, PostSerializer
from instagram.views import base, viewing


@extend_schema_view(
    list=extend_schema(description="The archived posts, the newest first."),
    retrieve=extend_schema(description="A post with its owner in full."),
)
class PostViewSet(base.OfProfile[Post], base.SearchedViewSet[Post]):
    """The archived posts."""

    queryset = Post.objects.all()
    serializer_class = PostSerializer
    serializer_class_in_full = PostDetailSerializer
    filterset_class = PostFilter
    orderings = ("created_at", "updated_at", "post_created_at")
    default_ordering = "-post_created_at"
    lookup_field = "id"
    lookup_value_converter = "identifier"

    def retrieve(self, request: Request, **path: Any) -> HttpResponse:
        response = super().retrieve(request, **path)
        viewing.seen(request, PostViews, path["id"])
        return response

    @base.sublist(
        VersionSerializer,
        queryset=ChangeEvent.objects.all(),
        default_ordering="-id",
    )
    def history(self, _request: Request, **path: str) -> HttpResponse:
        """What changed in a post, the newest version first; empty for an unknown one."""
        return self.page(kind=ChangeEvent.Kind.POST, object_id=path["id"])

    @extend_schema(responses=PostSerializer(many=True))
    @action(detail=False, url_path="ai-search", filter_backends=(TextSearch,), filterset_class=None)
    def ai_search(self, _request: Request) -> HttpResponse:
        """The posts that match a text, the newest first. By words: no model is configured."""
        return self.page()

    @base.similar(PostSerializer, Post.objects.none())
    def similar(self, _request: Request, **_: str) -> HttpResponse:
        """The most similar posts first, never the post itself; empty for an unknown one."""
        return self.page()

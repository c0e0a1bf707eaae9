"""Every resource of the REST API, and the viewset that serves it."""

from django.urls import re_path, register_converter
from rest_framework.routers import DefaultRouter

from authentication.views import (
    AccountViewSet,
    ApiKeyViewSet,
    CookieSessionViewSet,
    GoogleViewSet,
    KeyTokenViewSet,
    OwnAccountViewSet,
    PasswordViewSet,
    SessionViewSet,
)
from core.api.errors import not_found
from core.api.paths import Identifier
from instagram.views.changes import ChangeViewSet
from instagram.views.costs import CostsViewSet
from instagram.views.highlights import HighlightViewSet
from instagram.views.ingest import IngestViewSet
from instagram.views.posts import PostViewSet
from instagram.views.runs import RunViewSet
from instagram.views.statistic import StatisticViewSet
from instagram.views.stories import StoryViewSet
from instagram.views.users import UserViewSet

register_converter(Identifier, "identifier")


class ApiRouter(DefaultRouter):
    """Without a root view, which would hide the JSON 404 of the API, and without suffixes."""

    include_root_view = False
    include_format_suffixes = False

    def __init__(self) -> None:
        super().__init__(use_regex_path=False)


archive = ApiRouter()
accounts = ApiRouter()

archive.register("instagram/users", UserViewSet, "users")
archive.register("instagram/posts", PostViewSet, "posts")
archive.register("instagram/stories", StoryViewSet, "stories")
archive.register("instagram/highlights", HighlightViewSet, "highlights")
archive.register("instagram/changes", ChangeViewSet, "changes")
archive.register("instagram/runs", RunViewSet, "runs")
archive.register("instagram/costs", CostsViewSet, "costs")
archive.register("instagram/inject-data", IngestViewSet, "inject-data")
archive.register("instagram/statistic", StatisticViewSet, "statistic")
accounts.register("authentication", PasswordViewSet, "password")
accounts.register("authentication", GoogleViewSet, "google")
accounts.register("authentication", SessionViewSet, "session")
accounts.register("authentication", AccountViewSet, "account")
accounts.register("authentication", OwnAccountViewSet, "own-account")
accounts.register("authentication/tokens", KeyTokenViewSet, "token")
accounts.register("authentication/session", CookieSessionViewSet, "cookie-session")
accounts.register("authentication/keys", ApiKeyViewSet, "key")

urlpatterns = [
    *archive.urls,
    *accounts.urls,
    re_path(r"^(?:instagram|authentication)(?:/|$)", not_found),
]

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

router = DefaultRouter(use_regex_path=False)
# The root view would answer where the API has a JSON 404, and suffixes would add addresses.
router.include_root_view = False
router.include_format_suffixes = False

router.register("instagram/users", UserViewSet, "users")
router.register("instagram/posts", PostViewSet, "posts")
router.register("instagram/stories", StoryViewSet, "stories")
router.register("instagram/highlights", HighlightViewSet, "highlights")
router.register("instagram/changes", ChangeViewSet, "changes")
router.register("instagram/runs", RunViewSet, "runs")
router.register("instagram/costs", CostsViewSet, "costs")
router.register("instagram/inject-data", IngestViewSet, "inject-data")
router.register("instagram/statistic", StatisticViewSet, "statistic")
router.register("authentication", PasswordViewSet, "password")
router.register("authentication", GoogleViewSet, "google")
router.register("authentication", SessionViewSet, "session")
router.register("authentication", AccountViewSet, "account")
router.register("authentication", OwnAccountViewSet, "own-account")
router.register("authentication/tokens", KeyTokenViewSet, "token")
router.register("authentication/session", CookieSessionViewSet, "cookie-session")
router.register("authentication/keys", ApiKeyViewSet, "key")

urlpatterns = [
    *router.urls,
    re_path(r"^(?:instagram|authentication)(?:/|$)", not_found),
]

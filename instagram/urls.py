"""Addresses under /instagram/.

The id of a post, story or highlight is whatever stands between two slashes, so that a wrong one
gets our JSON 404.
"""

from django.urls import path, register_converter

from core.api.paths import Identifier
from instagram.views import (
    changes,
    costs,
    coverage,
    highlights,
    posts,
    runs,
    statistic,
    stories,
    users,
)

register_converter(Identifier, "identifier")

urlpatterns = [
    path("users/", users.UserListView.as_view(), name="users"),
    path("users/<uuid:uuid>/", users.UserDetailView.as_view(), name="user"),
    path("users/<uuid:uuid>/archive/", users.UserArchiveView.as_view(), name="user-archive"),
    path("users/<uuid:uuid>/coverage/", coverage.CoverageView.as_view(), name="user-coverage"),
    path("users/<uuid:uuid>/history/", users.UserHistoryView.as_view(), name="user-history"),
    path("users/<uuid:uuid>/metrics/", users.UserMetricsView.as_view(), name="user-metrics"),
    path("posts/", posts.PostListView.as_view(), name="posts"),
    path("posts/<identifier:id>/", posts.PostDetailView.as_view(), name="post"),
    path("posts/<identifier:id>/history/", posts.PostHistoryView.as_view(), name="post-history"),
    path("posts/<identifier:id>/similar/", posts.SimilarPostsView.as_view(), name="similar-posts"),
    path("stories/", stories.StoryListView.as_view(), name="stories"),
    path("stories/<identifier:story_id>/", stories.StoryDetailView.as_view(), name="story"),
    path(
        "stories/<identifier:story_id>/similar/",
        stories.SimilarStoriesView.as_view(),
        name="similar-stories",
    ),
    path("highlights/", highlights.HighlightListView.as_view(), name="highlights"),
    path("highlights/<identifier:id>/", highlights.HighlightDetailView.as_view(), name="highlight"),
    path("changes/", changes.ChangeListView.as_view(), name="changes"),
    path("runs/", runs.RunListView.as_view(), name="runs"),
    path("runs/<uuid:id>/", runs.RunDetailView.as_view(), name="run"),
    path("costs/", costs.CostsView.as_view(), name="costs"),
    path("statistic/", statistic.StatisticView.as_view(), name="statistic"),
]

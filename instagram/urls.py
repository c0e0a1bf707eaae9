"""Addresses under /instagram/.

A post or story id is whatever stands between two slashes, so that a wrong one gets our JSON 404.
"""

from django.urls import path, register_converter

from core.api.paths import Identifier
from instagram.views import coverage, posts, runs, statistic, stories, users

register_converter(Identifier, "identifier")

urlpatterns = [
    path("users/", users.UserListView.as_view(), name="users"),
    path("users/<uuid:uuid>/", users.UserDetailView.as_view(), name="user"),
    path("users/<uuid:uuid>/archive/", users.UserArchiveView.as_view(), name="user-archive"),
    path("users/<uuid:uuid>/coverage/", coverage.CoverageView.as_view(), name="user-coverage"),
    path("users/<uuid:uuid>/history/", users.UserHistoryView.as_view(), name="user-history"),
    path("posts/", posts.PostListView.as_view(), name="posts"),
    path("posts/<identifier:id>/", posts.PostDetailView.as_view(), name="post"),
    path("posts/<identifier:id>/similar/", posts.SimilarPostsView.as_view(), name="similar-posts"),
    path("stories/", stories.StoryListView.as_view(), name="stories"),
    path("stories/<identifier:story_id>/", stories.StoryDetailView.as_view(), name="story"),
    path(
        "stories/<identifier:story_id>/similar/",
        stories.SimilarStoriesView.as_view(),
        name="similar-stories",
    ),
    path("runs/", runs.RunListView.as_view(), name="runs"),
    path("runs/<uuid:id>/", runs.RunDetailView.as_view(), name="run"),
    path("statistic/", statistic.StatisticView.as_view(), name="statistic"),
]

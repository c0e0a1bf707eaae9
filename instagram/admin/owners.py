"""Searches rows by the profile that they belong to."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from instagram.models import User


class OfProfileSearch:
    """Searches for the exact username or Instagram id of a profile.

    The profiles are looked up first. PostgreSQL can then use an index on their rows, whereas a
    condition on the joined table makes it scan the whole join.
    """

    search_fields = ("user__username__exact", "user__instagram_id__exact")
    search_help_text = "The whole username or Instagram id of the profile"

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """The rows of that profile, or of all profiles that had the name last."""
        term = search_term.strip().removeprefix("@").lower()
        if not term:
            return queryset, False
        named = User.objects.filter(Q(username=term) | Q(instagram_id=term))
        return queryset.filter(self.found(list(named.values_list("pk", flat=True)), term)), False

    def found(self, users: list[Any], term: str) -> Q:  # noqa: ARG002  for those who need it
        """The condition on rows of these profiles, or matching the term itself."""
        return Q(user__in=users)

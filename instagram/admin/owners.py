"""Finds what belongs to a profile by the profile's name."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from instagram.models import User


class OfProfileSearch:
    """Searches for the whole username or Instagram id of a profile.

    The profiles are looked up first: PostgreSQL finds rows of theirs by index then, and would go
    through a whole join otherwise.
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
        """What the rows of these profiles, or of the term itself, have in common."""
        return Q(user__in=users)

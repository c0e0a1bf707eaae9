"""What staff without all rights may do with accounts in the admin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin


def has_all_rights(request: HttpRequest) -> bool:
    """Whether a superuser asks."""
    return bool(getattr(request.user, "is_superuser", False))


class SparesStaff(ModelAdmin):
    """Shows accounts of staff, and what belongs to them, to superusers only.

    Otherwise staff could take over the account of a superuser.
    """

    account_path = "account__"
    """From a row to its account."""
    rights: Sequence[str] = ()
    """Fields that give rights. Only superusers change them."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        if has_all_rights(request):
            return rows
        flags = (f"{self.account_path}is_staff", f"{self.account_path}is_superuser")
        return rows.filter(**dict.fromkeys(flags, False))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        fields = super().get_readonly_fields(request, obj)
        return fields if has_all_rights(request) else (*fields, *self.rights)

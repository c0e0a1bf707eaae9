"""Base classes of the admin, whose pages open fast on tables of any size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin, TabularInline

from core.db.search import matching, query_words
from core.users.models import Account

COUNTED = 10_000


class BigTablePaginator(Paginator):  # type: ignore[type-arg]  # Django cannot subscript it
    """Counts at most 10,000 rows, because an exact count of a large table delays the page.

    Above that, an unfiltered list shows the planner's estimate and a filtered list shows 10,000.
    """

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Model] = self.object_list  # type: ignore[assignment]  # the admin's is one
        counted = rows.order_by()[:COUNTED].count()
        if counted < COUNTED or rows.query.where:
            return counted
        return max(counted, self._estimate(rows.model))

    def _estimate(self, model: type[Model]) -> int:
        table = model._meta.db_table  # noqa: SLF001  documented by Django in spite of its name
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [f'"{table}"']
            )
            (estimate,) = cursor.fetchone()
        return int(estimate)


class BigTableAdmin(ModelAdmin):
    """For tables of any size: bounded counts, short pages, and sorting by indexed columns only.

    A small table sorts by every column: `sortable_by = None`.
    """

    sortable_by: Sequence[str] | None = ()

    paginator = BigTablePaginator
    show_full_result_count = False
    list_per_page = 50
    list_filter_submit = True


class SearchableAdmin(BigTableAdmin):
    """Searches as the REST API does: by the words of the document, or by the id."""

    ID_FIELD: ClassVar[str]

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """The matching rows, without duplicates."""
        words = query_words(search_term)
        if not words:
            return queryset, False
        found = matching(words)
        if len(words) == 1:
            found |= Q(**{self.ID_FIELD: words[0]})
        return queryset.filter(found), False


class KeptAdmin(BigTableAdmin):
    """Rows that come from Instagram and cannot be added or deleted in the admin."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  Django's signature
        return False

    def save_model(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        obj: Any,
        form: ModelForm[Any],
        change: bool,  # noqa: ARG002, FBT001  Django's signature
    ) -> None:
        """Save only the changed fields, because a worker may have written the others meanwhile.

        Does nothing if no field changed. Raises Http404 if the row was deleted meanwhile.
        """
        if form.changed_data:
            rows = type(obj)._base_manager.select_for_update()  # noqa: SLF001  documented
            row = get_object_or_404(rows, pk=obj.pk)
            for name in form.changed_data:
                setattr(row, name, form.cleaned_data[name])
            row.save(update_fields=form.changed_data)


class ReadOnlyAdmin(KeptAdmin):
    """Rows that the program writes and the admin only shows."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  Django's signature
        return False


def staff_of(request: HttpRequest) -> Account:
    """The account that uses the admin. Raises TypeError outside of the admin."""
    if not isinstance(request.user, Account):
        raise TypeError("The admin has only accounts.")
    return request.user


class KeptInline(TabularInline):
    """Such rows as an inline of their parent."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  Django's signature
        return False

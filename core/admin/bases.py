"""What every room's admin builds on: tables of any length stay quick to open."""

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

COUNTED = 10_000


class BigTablePaginator(Paginator):  # type: ignore[type-arg]  # Django cannot subscript it
    """Counts up to 10,000 rows, so that no page waits for the count of a large table.

    Beyond that, a whole table has as many rows as the planner thinks, and a filtered one 10,000:
    who needs the rest filters further.
    """

    @cached_property
    def count(self) -> int:
        """How many rows there are to page through."""
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
    """For tables of any length: bounded counts, short pages, and only what has an index sorts.

    A short table sorts by every column: `sortable_by = None`.
    """

    sortable_by: Sequence[str] | None = ()

    paginator = BigTablePaginator
    show_full_result_count = False
    list_per_page = 50
    list_filter_submit = True


class SearchableAdmin(BigTableAdmin):
    """Searches as the REST API does: every word is somewhere in the document, or is the id."""

    ID_FIELD: ClassVar[str]

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """The rows that match; none of them twice."""
        words = query_words(search_term)
        if not words:
            return queryset, False
        found = matching(words)
        if len(words) == 1:
            found |= Q(**{self.ID_FIELD: words[0]})
        return queryset.filter(found), False


class KeptAdmin(BigTableAdmin):
    """Rows that come from Instagram and are never deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  Django's signature
        """Nobody adds one by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  Django's signature
        """An archive does not forget by accident."""
        return False

    def save_model(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        obj: Any,
        form: ModelForm[Any],
        change: bool,  # noqa: ARG002, FBT001  Django's signature
    ) -> None:
        """Write what the form changed, on the row as it is by now: a worker may have written it.

        Nothing where nothing was changed. Raises Http404 for a row that has gone since.
        """
        if form.changed_data:
            rows = type(obj)._base_manager.select_for_update()  # noqa: SLF001  documented
            row = get_object_or_404(rows, pk=obj.pk)
            for name in form.changed_data:
                setattr(row, name, form.cleaned_data[name])
            row.save(update_fields=form.changed_data)


class ReadOnlyAdmin(KeptAdmin):
    """Rows that only the machine writes."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  Django's signature
        """Nobody changes one."""
        return False


class KeptInline(TabularInline):
    """Such rows on the page of what they belong to."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  Django's signature
        """Nobody adds one by hand."""
        return False

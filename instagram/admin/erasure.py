"""Erasing and holding profiles: a page shows the consequences, its POST does the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.bases import ReadOnlyAdmin, staff_of
from core.users.models import Account
from instagram import erasure
from instagram.admin.owners import OfProfileSearch
from instagram.models import LegalHold, Tombstone, User
from instagram.models.erasure import digest


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        help_text="such as the number of the request; it is kept, so it must not name a person",
        widget=UnfoldAdminTextInputWidget,
    )


@dataclass(frozen=True, slots=True)
class Step:
    """A step that needs confirmation on a page of its own, and the permission for it."""

    name: str
    title: str
    warning: str
    permission: str
    form: type[forms.Form]
    take: Callable[[User, Account, dict[str, Any]], object]
    shows_survey: bool = False


STEPS = (
    Step(
        "erase",
        "Erase",
        "Its rows, history, logs and files will be gone for good, except files that other "
        "profiles have too. It will not be archived again.",
        "instagram.erase_user",
        ReasonForm,
        lambda user, by, facts: erasure.erase(user, by=by, **facts),
        shows_survey=True,
    ),
    Step(
        "hold",
        "Place a legal hold",
        "The profile cannot be erased while the hold is in force.",
        "instagram.hold_user",
        ReasonForm,
        lambda user, by, facts: erasure.place_hold(user, by=by, **facts),
    ),
    Step(
        "release",
        "Release the legal hold",
        "The profile can be erased again. The hold stays on record.",
        "instagram.hold_user",
        forms.Form,
        lambda user, by, _: erasure.release_hold(user, by=by),
    ),
)


def urls(profiles: ModelAdmin) -> list[URLPattern]:
    """The URLs of the steps, below a profile's page."""
    return [
        path(
            f"<uuid:pk>/{step.name}/",
            profiles.admin_site.admin_view(partial(confirm, profiles, step)),
            name=f"instagram_user_{step.name}",
        )
        for step in STEPS
    ]


def confirm(profiles: ModelAdmin, step: Step, request: HttpRequest, pk: object) -> HttpResponse:
    """Show the confirmation page, or carry the step out and redirect to its result."""
    user = profiles.get_object(request, str(pk))
    if user is None or not request.user.has_perm(step.permission):
        raise PermissionDenied
    form = step.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _take(step, request, user, form.cleaned_data)
    counts = erasure.survey(user).items() if step.shows_survey else ()
    context = {
        **profiles.admin_site.each_context(request),
        "title": f"{step.title}: {user.username}",
        "opts": profiles.opts,
        "step": step,
        "form": form,
        "original": user,
        "survey": [(kind.replace("_", " "), count) for kind, count in counts if count],
    }
    return TemplateResponse(request, "instagram/admin/confirm_step.html", context)


def _take(step: Step, request: HttpRequest, user: User, facts: dict[str, Any]) -> HttpResponse:
    page = reverse("admin:instagram_user_change", args=[user.pk])
    try:
        step.take(user, staff_of(request), facts)
    except erasure.ErasureRefused as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(page)
    except User.DoesNotExist:
        messages.error(request, "The profile has just been erased.")
    else:
        messages.success(request, f"{step.title}: done.")
    gone = not User.objects.filter(pk=user.pk).exists()
    return HttpResponseRedirect(reverse("admin:instagram_user_changelist") if gone else page)


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnlyAdmin):
    """Erased profiles. The search finds a name or an id, although only their digests are stored."""

    list_display = ("erased_at", "erased_by", "reason", "completed_at")
    list_select_related = ("erased_by",)
    search_fields = ("reason",)
    search_help_text = "The reason, or the whole name or Instagram id of the erased profile"
    ordering = ("-id",)
    actions = ("free_names",)
    fields = readonly_fields = ("erased_at", "erased_by", "reason", "proof", "completed_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Tombstone], search_term: str
    ) -> tuple[QuerySet[Tombstone], bool]:
        """Searches by reason, or by the digest of a name or an id."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        mark = digest(search_term.strip().lower().removeprefix("@"))
        same = queryset.filter(id_digest=mark) | queryset.filter(username_digests__contains=[mark])
        return found | same, may_repeat

    def has_free_permission(self, request: HttpRequest) -> bool:
        """Requires the permission to erase, as freeing a name partly reverts an erasure."""
        return request.user.has_perm("instagram.erase_user")

    @admin.action(description="Let others be archived under its names", permissions=["free"])
    def free_names(self, request: HttpRequest, queryset: QuerySet[Tombstone]) -> None:
        """Frees the names for other profiles. The erased profile is still recognised by its id."""
        queryset.update(username_digests=[])
        messages.success(request, "Profiles that have these names now can be added.")


@admin.register(LegalHold)
class LegalHoldAdmin(OfProfileSearch, ReadOnlyAdmin):
    """Active and released holds. They are placed and released on the profile's page."""

    list_display = ("user", "reason", "placed_at", "placed_by", "released_at", "released_by")
    list_filter: ClassVar = (("released_at", admin.EmptyFieldListFilter),)
    search_help_text = "The whole username or Instagram id of the profile, or words of the reason"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LegalHold]:
        rows: QuerySet[LegalHold] = super().get_queryset(request)
        return rows.select_related("user", "placed_by", "released_by").defer(
            "user__raw_data", "user__search_grams"
        )

    def found(self, users: list[Any], term: str) -> Q:
        """The holds on these profiles, or with the term in their reason."""
        return super().found(users, term) | Q(reason__icontains=term)

"""The admin of profiles, which adds them by name and starts archiving."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.bases import KeptAdmin, KeptInline, SearchableAdmin, staff_of
from core.admin.filters import DayRangeFilter
from instagram import actions, adding
from instagram.admin import erasure
from instagram.admin.observed import OBSERVED
from instagram.admin.pictures import Pictures
from instagram.admin.polls import PollInline
from instagram.models import LegalHold, ProfileMetric, User, UsernamePeriod, files
from storage.models import StoredFile

MAX_AT_ONCE = 500
STAFF_DECIDES = ("allow_auto_update_profile", "allow_auto_update_stories")


class AddProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Asks for the name only; all other fields come from Instagram."""

    name = forms.CharField(
        label="Instagram username",
        max_length=200,
        help_text="name, @name, or the address of the profile; archiving starts at once",
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = User
        fields: ClassVar[list[str]] = []

    def clean_name(self) -> str:
        """Rejects invalid usernames and names of erased profiles."""
        try:
            name = actions.username_from(self.cleaned_data["name"])
            adding.refuse_erased(name)
        except (actions.NotAUsername, adding.NameOfErased) as error:
            raise forms.ValidationError(str(error)) from error
        return name


class MetricInline(KeptInline):
    model = ProfileMetric
    ordering = ("-day",)
    fields = readonly_fields = ("day", "follower_count", "following_count", "media_count")
    per_page = 10
    tab = True


class UsernameInline(KeptInline):
    model = UsernamePeriod
    ordering = ("-started_at",)
    fields = readonly_fields = ("username", "started_at", "ended_at")
    tab = True


@admin.register(User)
class UserAdmin(KeptAdmin, SearchableAdmin):
    """Archived profiles. Staff change only the flags for automatic updates."""

    ID_FIELD = "instagram_id"
    list_filter = ("availability", "is_private", "is_verified", ("created_at", DayRangeFilter))
    search_fields = ("username",)
    search_help_text = "Words of the name or biography, or the Instagram id"
    ordering = ("-created_at", "-uuid")
    sortable_by = ("username", "full_name", "created_at")
    list_display_links = ("username",)
    inlines = (PollInline, MetricInline, UsernameInline)
    actions = ("archive_now",)
    change_form_outer_before_template = "instagram/admin/archive_now.html"
    content: ClassVar = (
        "username", "full_name", "biography", "external_url", "is_private", "is_verified",
        "media_count", "follower_count", "following_count", "instagram_id",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("instagram.add_user")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Defers columns that no page shows."""
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.select_related("picture__file").defer("raw_data", "search_grams")

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        names = ("username", "full_name", "availability", "is_private", "created_at")
        return (_picture(request, 40), *names)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, **kwargs: Any
    ) -> type[forms.ModelForm[User]]:
        if obj is None:
            return AddProfileForm
        form: type[forms.ModelForm[User]] = super().get_form(request, obj, **kwargs)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["name"]})]
        return [
            (None, {"fields": [_picture(request, 160), *self.content]}),
            ("Observed", {"fields": OBSERVED, "classes": ["tab"]}),
            ("Automatic updates", {"fields": STAFF_DECIDES, "classes": ["tab"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ()
        return (_picture(request, 160), *self.content, *OBSERVED)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:  # noqa: ARG002  Django's signature
        """A new profile has no history yet."""
        return () if obj is None else self.inlines

    def save_form(self, request: HttpRequest, form: forms.ModelForm[User], change: bool) -> User:  # noqa: FBT001  Django's signature
        """Add the profile with the same action as the API. It may exist already."""
        if change:
            user: User = super().save_form(request, form, change)
            return user
        form.save(commit=False)
        return actions.add_profile(name=form.cleaned_data["name"], by=staff_of(request)).user

    def save_model(
        self,
        request: HttpRequest,
        obj: User,
        form: forms.ModelForm[User],
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        """`save_form` has saved a new profile already."""
        if change:
            super().save_model(request, obj, form, change)

    def response_add(
        self,
        request: HttpRequest,
        obj: User,
        post_url_continue: str | None = None,  # noqa: ARG002  Django's signature
    ) -> HttpResponse:
        """Redirect to the run that was started."""
        return self._to_active_run(request, obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Pass an active run and a legal hold to the template."""
        if (user := context.get("original")) is not None:
            context["active_run"] = user.runs.active().first()
            context["is_held"] = LegalHold.objects.in_force().filter(user=user).exists()
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return page

    @admin.action(description="Archive now", permissions=["change"])
    def archive_now(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        chosen = list(queryset[: MAX_AT_ONCE + 1])
        if len(chosen) > MAX_AT_ONCE:
            messages.error(request, f"At most {MAX_AT_ONCE} profiles at once; none was started.")
            return
        for user in chosen:
            actions.request_archive(user=user, by=staff_of(request))
        messages.success(request, f"Archiving {len(chosen)} profiles.")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.archive_one)
        own = path("<uuid:pk>/archive/", view, name="instagram_user_archive")
        return [own, *erasure.urls(self), *super().get_urls()]

    def archive_one(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Start a run for the profile and redirect to it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = self.get_object(request, str(pk))
        if user is None or not self.has_change_permission(request, user):
            raise PermissionDenied
        actions.request_archive(user=user, by=staff_of(request))
        return self._to_active_run(request, user)

    def _to_active_run(self, request: HttpRequest, user: User) -> HttpResponse:
        messages.success(request, f"Archiving {user.username}.")
        run = user.runs.latest("created_at")
        return HttpResponseRedirect(reverse("admin:instagram_archiverun_change", args=[run.pk]))


def _picture(request: HttpRequest, height: int) -> Pictures:
    return Pictures(request, _files, height)


def _files(user: User) -> list[StoredFile | None]:
    return [files.stored(user.picture)]

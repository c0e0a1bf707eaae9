"""Base classes of the settings' pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import structlog
from django.contrib import messages
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponseBase
from unfold.admin import ModelAdmin
from unfold.decorators import action

from core.admin.bases import staff_of
from settings.fields import Secret
from settings.models import SettingChange
from settings.probes import ProbeFailed

log = structlog.get_logger("security")


class RecordedAdmin(ModelAdmin):
    """Writes who changed which field, in the transaction of the change."""

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,
        form: ModelForm[Any],
        change: bool,  # noqa: FBT001  Django's signature
    ) -> None:
        stored = type(obj)._base_manager.filter(pk=obj.pk).first()  # noqa: SLF001  documented
        staff = staff_of(request)
        changes = [
            SettingChange(
                setting=str(obj), field=field, before=before, after=after, changed_by=staff
            )
            for field, before, after in _differences(stored, obj, form.changed_data)
        ]
        SettingChange.objects.bulk_create(changes)
        super().save_model(request, obj, form, change)
        if changes:
            names = [each.field for each in changes]
            log.warning("setting.changed", setting=str(obj), fields=names, account=staff.pk)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        SettingChange.objects.create(
            setting=str(obj), field="(deleted)", changed_by=staff_of(request)
        )
        super().delete_model(request, obj)


class ProbedAdmin(RecordedAdmin):
    """Has a button that saves, asks the other side, and shows its answer."""

    actions_submit_line: ClassVar = ["save_and_test"]

    def probe(self, request: HttpRequest) -> str:
        """Ask the other side with the settings in force. Raises ProbeFailed."""
        raise NotImplementedError

    @action(description="Save and test", permissions=["change"])
    def save_and_test(self, request: HttpRequest, _obj: Model) -> None:
        """Note that the button was pressed. The test needs the change committed."""
        vars(request)["wants_test"] = True

    def changeform_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> Any:
        response: HttpResponseBase = super().changeform_view(request, *arguments, **options)
        if vars(request).get("wants_test"):
            self._test(request)
        return response

    def _test(self, request: HttpRequest) -> None:
        try:
            self.message_user(request, self.probe(request), messages.SUCCESS)
        except ProbeFailed as error:
            self.message_user(request, str(error), messages.ERROR)


def _differences(
    stored: Model | None, changed: Model, fields: list[str]
) -> Iterator[tuple[str, str, str]]:
    """Each changed field with its value before and after, as the history shows them."""
    for field in fields:
        before = "" if stored is None else _shown(getattr(stored, field))
        yield field, before, _shown(getattr(changed, field))


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return "(a secret)" if value else ""
    return "" if value is None else str(value)

"""The write-only input of a secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanWidget,
)


class SecretInput(forms.MultiWidget):
    """A new secret, and a box that forgets the stored one. Never shows what is stored."""

    def __init__(self, new: forms.Widget) -> None:
        super().__init__(
            {
                "new": new,
                "clear": UnfoldBooleanWidget(attrs={"title": "Forget the stored secret"}),
            }
        )

    def decompress(self, value: object) -> list[Any]:  # noqa: ARG002  never shown
        """Start empty, because the stored secret is never shown."""
        return ["", False]


class SecretFormField(forms.MultiValueField):
    """Cleans to the new secret, to "" for "forget it", or to None for "keep what is stored"."""

    def new_input(self) -> forms.Widget:
        """The input of the new secret, which the page hides while it is typed."""
        widget: forms.Widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
        return widget

    def __init__(self, *, label: str, help_text: str) -> None:
        super().__init__(
            fields=(forms.CharField(required=False), forms.BooleanField(required=False)),
            widget=SecretInput(self.new_input()),
            required=False,
            require_all_fields=False,
            label=label,
            help_text=f"{help_text} Left empty, the stored one stays; the box forgets it.".strip(),
        )

    def compress(self, data_list: Sequence[Any]) -> str | None:
        """A new secret wins over the box."""
        new, forget = data_list or ("", False)
        return new or ("" if forget else None)


class SecretTextFormField(SecretFormField):
    """A secret of many lines, such as a file."""

    def new_input(self) -> forms.Widget:
        """A text area: a password input would drop the line breaks."""
        attributes = {"autocomplete": "off", "spellcheck": "false"}
        widget: forms.Widget = UnfoldAdminTextareaWidget(attrs=attributes)
        return widget

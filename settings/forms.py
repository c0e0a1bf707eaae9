"""The write-only input of a secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanWidget


class SecretInput(forms.MultiWidget):
    """A new secret, and a box that forgets the stored one. Never shows what is stored."""

    def __init__(self) -> None:
        super().__init__(
            {
                "new": UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
                "clear": UnfoldBooleanWidget(attrs={"title": "Forget the stored secret"}),
            }
        )

    def decompress(self, value: object) -> list[Any]:  # noqa: ARG002  never shown
        """Start empty, because the stored secret is never shown."""
        return ["", False]


class SecretFormField(forms.MultiValueField):
    """Cleans to the new secret, to "" for "forget it", or to None for "keep what is stored"."""

    def __init__(self, *, label: str, help_text: str) -> None:
        super().__init__(
            fields=(forms.CharField(required=False), forms.BooleanField(required=False)),
            widget=SecretInput(),
            required=False,
            require_all_fields=False,
            label=label,
            help_text=f"{help_text} Left empty, the stored one stays; the box forgets it.".strip(),
        )

    def compress(self, data_list: Sequence[Any]) -> str | None:
        """A new secret wins over the box."""
        new, forget = data_list or ("", False)
        return new or ("" if forget else None)

"""Inputs of write endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class TextField(serializers.CharField):
    """A JSON string. Django REST framework would take the number 7 for the text "7"."""

    def to_internal_value(self, data: Any) -> str:
        """The text. Raises ValidationError for everything that was not sent as one."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))

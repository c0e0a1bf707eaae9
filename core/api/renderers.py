"""JSON of the REST API."""

from __future__ import annotations

from typing import Any

import orjson
from rest_framework import renderers
from rest_framework.request import Request

OPTIONS = orjson.OPT_UTC_Z  # times end in `Z`, as with Django REST framework's own encoder


class JSONRenderer(renderers.JSONRenderer):
    """Encodes with orjson, which is faster than the encoder of the framework.

    orjson refuses integers above 64 bits, which a stored payload may contain. The framework's
    encoder renders those answers. Serializers turn money into text; a bare Decimal would become a
    number (orjson 3.13.0).
    """

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> bytes:
        """Return the encoded data; nothing if there is no data."""
        if data is None or self.get_indent(accepted_media_type or "", renderer_context or {}):
            return super().render(data, accepted_media_type, renderer_context)
        try:
            return orjson.dumps(data, option=OPTIONS)
        except TypeError:
            encoded: bytes = super().render(data, accepted_media_type, renderer_context)
            return encoded


def is_indented(request: Request) -> bool:
    """Whether the answer is indented for a person, as `Accept: application/json; indent=4` asks."""
    return bool(JSONRenderer().get_indent(request.accepted_media_type, {}))

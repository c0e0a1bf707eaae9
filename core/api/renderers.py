"""JSON of the REST API."""

from __future__ import annotations

from typing import Any

import orjson
from rest_framework import renderers

OPTIONS = orjson.OPT_UTC_Z  # times end in `Z`, as with Django REST framework's own encoder


class JSONRenderer(renderers.JSONRenderer):
    """Encodes with orjson, which is 10 to 20 times as fast as the encoder of the framework.

    orjson refuses what it cannot encode faithfully: integers above 64 bits, unpaired surrogates,
    and types such as Decimal. The framework's encoder renders those answers.
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

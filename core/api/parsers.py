"""Parsers of request bodies, which are untrusted input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser


class ShallowJSONParser(JSONParser):
    """Limits the nesting of JSON, which would otherwise end in a RecursionError and HTTP 500."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Parse the body. Raises ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error


class CSVParser(BaseParser):
    """`text/csv` in UTF-8, up to DATA_UPLOAD_MAX_MEMORY_SIZE bytes: the field `csv`."""

    media_type = "text/csv"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,  # noqa: ARG002  of DRF
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002  of DRF
    ) -> dict[str, str]:
        """Return the text in its field. Raises ParseError, or RequestDataTooBig."""
        longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content = stream.read(longest + 1)
        if len(content) > longest:
            raise RequestDataTooBig
        try:
            return {"csv": str(content, "utf-8")}
        except UnicodeDecodeError as error:
            raise ParseError("The CSV must be UTF-8.") from error

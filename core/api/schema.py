"""The OpenAPI document and the pages around it."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer

ERROR = {
    "type": "object",
    "description": "`detail` says what is wrong, or each wrong field has a list of messages.",
    "properties": {
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "`token_not_valid`: refresh, then try again"},
    },
    "additionalProperties": {"type": "array", "items": {"type": "string"}},
}


class OnceGenerator(SchemaGenerator):
    """Makes the document once per process: it takes a second, and anybody can ask for it."""

    def get_schema(self, *_: Any, **__: Any) -> Any:
        """The document for strangers, whoever asks."""
        return _document()


class SchemaView(SpectacularAPIView):
    """`/schema/`: YAML, or JSON with `?format=json` or by the Accept header."""

    generator_class = OnceGenerator

    def get_renderers(self) -> list[BaseRenderer]:
        """`format` counts here only; on every other address it is an unknown parameter."""
        if self.request.query_params.get("format") == "json":
            return [OpenApiJsonRenderer()]
        return super().get_renderers()


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook that adds to every operation what it answers when it refuses."""
    result["components"]["schemas"]["Error"] = ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    refused = {"description": "Refused", "content": content}
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["4XX"] = refused
    return result


@cache
def _document() -> Any:
    generator: Any = SchemaGenerator
    return generator().get_schema(request=None, public=True)

"""The OpenAPI document and the pages around it."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer


class OnceGenerator(SchemaGenerator):
    """Makes the document once per process: it takes a second, and anybody can ask for it."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002
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


@cache
def _document() -> Any:
    generator: Any = SchemaGenerator
    return generator().get_schema(request=None, public=True)

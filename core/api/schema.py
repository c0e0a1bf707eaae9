"""The OpenAPI document and its views."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core import content_security

PLACES = frozenset({"cursor", "since", "page"})
"""Query parameters that select a page, which may not exist."""
ALIASES = ("/api/auth/", "/api/v1/")
ERROR = {
    "type": "object",
    "description": "`detail` says what is wrong, or each wrong field has a list of messages.",
    "properties": {
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "`token_not_valid`: refresh, then try again"},
        "request_id": {"type": "string", "description": "finds the cause in the operator's logs"},
    },
    "additionalProperties": {"type": "array", "items": {"type": "string"}},
}


class OnceGenerator(SchemaGenerator):
    """Caches the documents per process: they take a second to build and are public."""

    def get_schema(self, *_: Any, **__: Any) -> Any:
        """Build the same document for all clients, as for an anonymous user."""
        return _document(self.urlconf)


class SchemaView(SpectacularAPIView):
    """`/schema/`: YAML, or JSON with `?format=json` or by the Accept header."""

    generator_class = OnceGenerator

    def get_renderers(self) -> list[BaseRenderer]:
        """Accept `format` here only; it is an unknown parameter elsewhere."""
        if self.request.query_params.get("format") == "json":
            return [OpenApiJsonRenderer()]
        return super().get_renderers()


class AliasSchemaView(SchemaView):
    """`/schema/aliases/`: the document of the addresses in config/aliases.py."""

    # Not `custom_settings`: it changes the settings of the process, also for other threads.
    urlconf = "config.aliases"


class DocumentationView(SpectacularSwaggerSplitView):
    """Swagger UI. Its script is a file of its own, so that no page needs one in its text."""

    template_name = "core/swagger_ui.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **options: Any) -> Response:
        response: Response
        response = super().get(request, *args, **options)  # type: ignore[no-untyped-call]  # has no types
        response[content_security.HEADER] = content_security.DOCUMENTATION
        return response


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook that adds the error responses of every operation."""
    result["components"]["schemas"]["Error"] = ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path, operations in result["paths"].items():
        for operation in operations.values():
            given = {
                str(status.value): {"description": status.phrase, "content": content}
                for status in refusals(path, operation)
            }
            responses = {**given, **operation["responses"]}
            operation["responses"] = {code: responses[code] for code in sorted(responses)}
    return result


def refusals(path: str, operation: dict[str, Any]) -> Iterator[HTTPStatus]:
    """The error responses of an operation, by status."""
    query = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    yield HTTPStatus.NOT_ACCEPTABLE
    yield HTTPStatus.TOO_MANY_REQUESTS
    yield HTTPStatus.SERVICE_UNAVAILABLE
    if query or "requestBody" in operation:
        yield HTTPStatus.BAD_REQUEST
    if "requestBody" in operation:
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ())):
        yield HTTPStatus.UNPROCESSABLE_ENTITY
    if operation.get("security"):
        yield HTTPStatus.UNAUTHORIZED
        yield HTTPStatus.FORBIDDEN
    if "{" in path or query & PLACES:
        yield HTTPStatus.NOT_FOUND


def with_typed_nulls(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook that expresses nullable objects in valid OpenAPI 3.0.

    `nullable` is only allowed beside a `type`, and a schema referenced by `allOf` does not allow
    null.
    """
    for schema in result["components"]["schemas"].values():
        for name, found in schema.get("properties", {}).items():
            if found.get("nullable") and "allOf" in found:
                rest = {key: found[key] for key in found if key not in {"allOf", "nullable"}}
                schema["properties"][name] = {"anyOf": [*found["allOf"], {"enum": [None]}], **rest}
    return result


@cache
def _document(urlconf: str | None) -> Any:
    generator: Any = SchemaGenerator
    document = generator(urlconf=urlconf).get_schema(request=None, public=True)
    if urlconf is not None:
        document["info"]["title"] += ": aliases"
    return document


def without_aliases(endpoints: list[Any], **_: Any) -> list[Any]:
    """A preprocessing hook that leaves the aliases to their own document, which has only them."""
    return [each for each in endpoints if not each[0].startswith(ALIASES)] or endpoints

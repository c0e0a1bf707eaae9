"""Answers of one media type, for every `Accept`."""

from __future__ import annotations

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation


class IgnoresAccept(BaseContentNegotiation):
    """Browsers and feed readers accept only the type of the answer, and its errors are JSON."""

    def select_parser(self, _request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, _request: Any, renderers: Any, _suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type

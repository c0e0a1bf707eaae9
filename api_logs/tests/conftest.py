"""Shared fixtures: the Core API as a scripted HTTP server."""

from tests.support.odd_server import core_api_server

__all__ = ["core_api_server"]

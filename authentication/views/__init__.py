"""The viewsets of `/authentication/`."""

from authentication.views.account import AccountViewSet
from authentication.views.keys import ApiKeyViewSet, KeyTokenViewSet
from authentication.views.passwords import PasswordViewSet
from authentication.views.sessions import SessionViewSet

__all__ = [
    "AccountViewSet",
    "ApiKeyViewSet",
    "KeyTokenViewSet",
    "PasswordViewSet",
    "SessionViewSet",
]

"""The viewsets of `/authentication/`."""

from authentication.views.account import AccountViewSet, OwnAccountViewSet
from authentication.views.google import GoogleViewSet
from authentication.views.keys import ApiKeyViewSet, KeyTokenViewSet
from authentication.views.passwords import PasswordViewSet
from authentication.views.sessions import CookieSessionViewSet, SessionViewSet
from authentication.views.token_clients import TokenLoginViewSet, TokenLogoutViewSet

__all__ = [
    "AccountViewSet",
    "ApiKeyViewSet",
    "CookieSessionViewSet",
    "GoogleViewSet",
    "KeyTokenViewSet",
    "OwnAccountViewSet",
    "PasswordViewSet",
    "SessionViewSet",
    "TokenLoginViewSet",
    "TokenLogoutViewSet",
]

"""What sign-in stores beside the accounts themselves."""

from authentication.models.bans import Ban
from authentication.models.credentials import ApiKey, RefreshFamily

__all__ = ["ApiKey", "Ban", "RefreshFamily"]

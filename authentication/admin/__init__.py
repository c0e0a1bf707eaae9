"""The pages of accounts, bans and keys."""

from authentication.admin import accounts, bans, keys

__all__ = ["accounts", "bans", "keys"]

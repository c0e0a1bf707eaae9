"""The pages of accounts, bans, keys, invitations and Google identities."""

from authentication.admin import accounts, bans, keys, people

__all__ = ["accounts", "bans", "keys", "people"]

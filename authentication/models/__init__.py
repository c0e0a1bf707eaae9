"""What sign-in stores beside the accounts themselves."""

from authentication.models.bans import Ban
from authentication.models.credentials import ApiKey, RefreshFamily
from authentication.models.mails import OutgoingMail
from authentication.models.people import GoogleIdentity, Invitation, PendingAccount
from authentication.models.second_factors import RecoveryCode, SecondFactor

__all__ = [
    "ApiKey",
    "Ban",
    "GoogleIdentity",
    "Invitation",
    "OutgoingMail",
    "PendingAccount",
    "RecoveryCode",
    "RefreshFamily",
    "SecondFactor",
]

"""E-mail addresses of accounts. They are ASCII, and stored in lower case.

Letters of other scripts fold to ASCII ones in one program and not in another: PostgreSQL's UPPER
makes an I of the Turkish dotless ı. An address of a stranger would pass for that of an account.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError


def validate_ascii(address: str) -> None:
    """Raise ValidationError for an address that is not ASCII."""
    if not address.isascii():
        raise ValidationError(
            "Use ASCII characters only. The domain of another script has a form that begins with "
            "xn--.",
            code="not_ascii",
        )


def normalised(address: str) -> str:
    """The address as accounts store it."""
    return address.strip().lower()

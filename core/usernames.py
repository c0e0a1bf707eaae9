"""What can be a username of Instagram. Pure."""

import re

USERNAME = re.compile(r"[a-z0-9._]{1,30}", re.ASCII | re.IGNORECASE)


def in_lower_case(text: str) -> str | None:
    """The name as Instagram holds it; None where it can be no username."""
    return text.lower() if USERNAME.fullmatch(text) else None

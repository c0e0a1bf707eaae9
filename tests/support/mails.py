"""The mails that accounts get."""

from __future__ import annotations

import re
from urllib.parse import unquote

from django.core import mail

from authentication import mails


def link_in_mail() -> str:
    """Send all due mails, and return the link in the newest."""
    mails.send_due()
    [link] = re.findall(r"\S+\?token=\S+", str(mail.outbox[-1].body))
    return str(link)


def token_in_mail() -> str:
    """Send all due mails, and return the token of the link in the newest."""
    return unquote(link_in_mail().partition("token=")[2])

"""The mail backend: the server that is set now, or the terminal if none is."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.console import EmailBackend as ToTerminal
from django.core.mail.backends.smtp import EmailBackend as ToServer

from settings import current
from settings.current import MailConfig
from settings.models import MailSecurity

SECONDS = 10


class ConfiguredBackend(BaseEmailBackend):
    """Reads the setting for each batch, so that a change applies to the next mail."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Send the mails. Raises OSError (also smtplib's errors) and ImproperlyConfigured."""
        config = current.mail()
        for message in messages:
            message.from_email = config.sender
        return backend_of(config).send_messages(messages)


def backend_of(config: MailConfig) -> BaseEmailBackend:
    """The backend for this server. Raises ImproperlyConfigured if its password is unreadable."""
    if config.problem:
        raise ImproperlyConfigured(config.problem)
    if not config.host:
        return ToTerminal(stream=sys.stderr)
    return ToServer(
        host=config.host,
        port=config.port,
        username=config.user,
        password=config.password,
        use_tls=config.security == MailSecurity.STARTTLS,
        use_ssl=config.security == MailSecurity.TLS,
        timeout=SECONDS,
    )

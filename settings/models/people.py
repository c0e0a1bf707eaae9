"""Who may use the archive, and how it writes to them."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from solo.models import SingletonModel

from core.scopes import Role
from settings.fields import EncryptedTextField

DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


class Registration(models.TextChoices):
    """Who may make an account."""

    CLOSED = "closed", "closed: only staff makes accounts"
    INVITATION = "invitation", "by invitation: people whom staff has invited"
    DOMAINS = "domains", "by domain: people with an address of the domains below"
    OPEN = "open", "open: anybody"


def domains_in(text: str) -> frozenset[str]:
    """The domains in a text, one a line, in lower case."""
    return frozenset(line.strip().lower().removeprefix("@") for line in text.split()) - {""}


def validate_domains(text: str) -> None:
    """Accept domains, one a line."""
    for domain in sorted(domains_in(text)):
        if not DOMAIN.fullmatch(domain):
            raise ValidationError(f"{domain} is not a domain, such as example.org.")


class AccessSetting(SingletonModel):
    """Who may register, and who may read."""

    registration = models.CharField(
        max_length=10, choices=Registration, default=Registration.INVITATION
    )
    registration_domains = models.TextField(
        default="",
        blank=True,
        validators=[validate_domains],
        help_text="One a line, such as example.org. A subdomain is another domain.",
    )
    default_role = models.CharField(
        max_length=150,
        default=Role.ARCHIVIST.value,
        blank=True,
        help_text="The role of a new account. Empty: none, so that it can read like a stranger.",
    )
    requires_second_factor = models.BooleanField(
        "staff needs a second factor",
        default=False,
        help_text="The admin then asks those of the staff to set one up who have none.",
    )
    private_reading = models.BooleanField(
        default=False, help_text="Reading needs a role, and media addresses expire."
    )

    class Meta:
        verbose_name = "access"

    def __str__(self) -> str:
        return "access"


class MailSecurity(models.TextChoices):
    """How the connection to the mail server is encrypted."""

    NONE = "none", "not at all"
    STARTTLS = "starttls", "STARTTLS, usually on port 587"
    TLS = "tls", "TLS, usually on port 465"


class MailSetting(SingletonModel):
    """The server that sends our mails."""

    host = models.CharField(
        max_length=255, default="", blank=True, help_text="Empty: EMAIL_URL of the environment."
    )
    port = models.PositiveIntegerField(
        default=587, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(
        max_length=10,
        choices=MailSecurity,
        default=MailSecurity.STARTTLS,
        verbose_name="encryption",
    )
    user = models.CharField(max_length=255, default="", blank=True)
    password = EncryptedTextField(default="", blank=True)
    sender = models.EmailField(
        default="",
        blank=True,
        help_text="Where mails come from. Empty: EMAIL_SENDER of the environment.",
    )

    class Meta:
        verbose_name = "mail"

    def __str__(self) -> str:
        return "mail"

"""Accounts that can log in. Archived profiles are `instagram.User`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.db import models
from django.db.models import Max, Value
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from core.users.addresses import normalised

models.EmailField.register_lookup(Lower)


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Account:
        """Create an account. Raises ValueError without an e-mail address."""
        if not email:
            raise ValueError("An account needs an e-mail address.")
        account = self.model(email=normalised(email), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Account:
        """Create an account with all permissions."""
        return self.create_user(
            email, password, **{**fields, "is_staff": True, "is_superuser": True}
        )

    def get_by_natural_key(self, username: str | None) -> Account:
        """Look the e-mail address up without regard to case."""
        return self.get(email__lower=normalised(username or ""))


class Account(AbstractBaseUser, PermissionsMixin):
    """A person or program that logs in with an e-mail address."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=150, blank=True)
    photo_url = models.URLField(max_length=500, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may use the admin", default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    session_version = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="account_email_once_in_any_case"),
        ]

    def __str__(self) -> str:
        return self.email

    def get_session_auth_hash(self) -> str:
        """Change with the password and with `session_version`, which ends all cookie sessions."""
        return self._session_hash(None)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return (self._session_hash(secret) for secret in settings.SECRET_KEY_FALLBACKS)

    def _session_hash(self, secret: str | bytes | None) -> str:
        both = f"{self.session_version} {self.password}"
        salt = "core.users.Account.session"
        return salted_hmac(salt, both, secret=secret, algorithm="sha256").hexdigest()

    @property
    def username(self) -> str:
        """The part of the e-mail address before the @, which API clients display."""
        return self.email.partition("@")[0]


class RoleLimit(models.Model):
    """What the accounts of a role may do in 24 hours. The highest of its roles counts."""

    DEFAULT: ClassVar = 1000

    role = models.OneToOneField(Group, models.CASCADE, related_name="limit")
    profiles_a_day = models.PositiveIntegerField(
        default=DEFAULT, help_text="New profiles that an account may add in 24 hours."
    )

    def __str__(self) -> str:
        return f"{self.role}: {self.profiles_a_day} profiles a day"

    @classmethod
    def profiles_a_day_of(cls, account: Account) -> int:
        """The highest limit of its roles; the default without a role. 1 statement."""
        limit = Coalesce("limit__profiles_a_day", Value(cls.DEFAULT))
        highest: int | None = account.groups.aggregate(highest=Max(limit))["highest"]
        return cls.DEFAULT if highest is None else highest

"""Bodies of requests and answers about sign-in."""

from __future__ import annotations

from typing import Any

from django.core.validators import URLValidator
from rest_framework import serializers

from authentication.models import ApiKey
from core.api.fields import TextField
from core.scopes import Scope
from core.users.addresses import validate_ascii
from core.users.models import Account

MAX_PASSWORD_LENGTH = 256  # the time of hashing grows with the length


class CodeField(TextField):
    """The code of an account with a second factor."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{
                "max_length": 20,
                "required": False,
                "allow_blank": True,
                "default": "",
                "help_text": "Of the authenticator app, or a recovery code, if it has one.",
                **options,
            }
        )


class EmailField(serializers.EmailField):
    """The address of an account."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, validators=[validate_ascii], **options)


class LoginSerializer(serializers.Serializer[Any]):
    """What an account proves itself with."""

    email = EmailField()
    password = TextField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)


class SignInSerializer(LoginSerializer):
    """A password, and the code of an account with a second factor."""

    code = CodeField()


class RegistrationSerializer(LoginSerializer):
    """What a new account is made of."""

    name = TextField(max_length=150, required=False, allow_blank=True, default="")


class EmailSerializer(serializers.Serializer[Any]):
    """An e-mail address."""

    email = EmailField()


class PasswordSerializer(serializers.Serializer[Any]):
    """The password, entered again."""

    password = TextField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)


class ChangePasswordSerializer(PasswordSerializer):
    """The present password and the new one."""

    new_password = TextField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)


class ChangeEmailSerializer(PasswordSerializer):
    """The password and the new address."""

    email = EmailField()


class LinkSerializer(serializers.Serializer[Any]):
    """The token in the link of a mail."""

    token = TextField(max_length=2048)


class NewPasswordSerializer(LinkSerializer):
    """The token in the link of a mail, and the new password."""

    password = TextField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)


class InvitedSerializer(NewPasswordSerializer):
    """What an invited person adds to the invitation."""

    name = TextField(max_length=150, required=False, allow_blank=True, default="")


class IdTokenSerializer(serializers.Serializer[Any]):
    """An ID token of Firebase."""

    token = TextField(max_length=8192)
    code = CodeField()


class LinkGoogleSerializer(IdTokenSerializer):
    """An ID token, and the password of the account with its address."""

    password = TextField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False)


class RefreshSerializer(serializers.Serializer[Any]):
    """A refresh token, to be used up."""

    refresh = TextField(max_length=4096)


class TokenPairSerializer(serializers.Serializer[Any]):
    """What a client keeps."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class DetailSerializer(serializers.Serializer[Any]):
    """A sentence for people."""

    detail = serializers.CharField()


class RefusalSerializer(DetailSerializer):
    """A refusal. `code` says what a client can do about it, such as asking for a code."""

    code = serializers.CharField(required=False)


class AccountSerializer(serializers.ModelSerializer[Account]):
    """Who is signed in."""

    username = serializers.CharField(read_only=True)
    photo_url = serializers.CharField(max_length=500, read_only=True, help_text="empty: none")

    class Meta:
        model = Account
        fields = ("id", "username", "email", "name", "photo_url")


class CookieSessionSerializer(serializers.Serializer[Any]):
    """A cookie session."""

    csrf_token = serializers.CharField()
    account = AccountSerializer(allow_null=True)


class OwnAccountSerializer(AccountSerializer):
    """An account, of which a person changes the name and the picture."""

    name = TextField(max_length=150, allow_blank=True, required=False)
    photo_url = TextField(max_length=500, allow_blank=True, required=False)

    class Meta(AccountSerializer.Meta):
        read_only_fields = ("id", "username", "email")

    def validate_photo_url(self, text: str) -> str:
        """An http or https address, or nothing."""
        if text:
            URLValidator(schemes=["http", "https"])(text)
        return text


class TokenAnswerSerializer(serializers.Serializer[Any]):
    """A key that is valid for 10 hours, and whose it is."""

    token = serializers.CharField()
    user_id = serializers.IntegerField()
    email = serializers.EmailField()


class FlagsSerializer(serializers.Serializer[Any]):
    """Names of feature flags."""

    active = serializers.ListField(child=serializers.CharField())


class NewKeySerializer(serializers.Serializer[Any]):
    """An API key that an account wants."""

    name = TextField(max_length=100, help_text="For what the key is used.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField([each.value for each in Scope]), allow_empty=False
    )
    expires_at = serializers.DateTimeField(
        allow_null=True, default=None, help_text="Within a year; null: never."
    )


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """An API key without its secret."""

    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ApiKey
        fields = (
            "id", "name", "prefix", "scopes",
            "created_at", "expires_at", "last_used_at", "revoked_at",
        )  # fmt: skip


class ShownKeySerializer(serializers.Serializer[Any]):
    """A new API key with its secret, which is never shown again."""

    key = ApiKeySerializer()
    token = serializers.CharField()

"""The probes of services that only the settings know: OpenAI and the mail server."""

from __future__ import annotations

import json
import smtplib

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.db import connection

from core.http import client
from core.http.client import Bounds, Ended, Outgoing, OutsideError
from settings import current
from settings.mail import backend_of
from settings.probes import ProbeFailed

log = structlog.get_logger(__name__)

BOUNDS = Bounds(seconds=15, max_bytes=1024 * 1024)


class LoggedProbe:
    """Logs a probe as one line; its caller shows the outcome to staff."""

    def begin(self, method: str, url: str) -> None:
        log.info("probe.began", method=method, url=url)

    def end(self, ended: Ended) -> None:
        log.info("probe.ended", status=ended.status, error=ended.error, seconds=ended.seconds)


def openai_models() -> str:
    """Ask the service for its models. Raises ProbeFailed."""
    config = current.openai()
    if config.problem or not config.api_key:
        raise ProbeFailed(config.problem or "Enter an API key first.")
    outgoing = Outgoing(
        "GET",
        f"{config.base_url}/models",
        headers={"Authorization": f"Bearer {config.api_key}"},
        secrets=(config.api_key,),
    )
    try:
        reply = client.send(outgoing, log=LoggedProbe(), bounds=BOUNDS)
    except OutsideError as error:
        raise ProbeFailed(f"The service did not answer: {error}") from error
    if reply.status != 200:
        hint = " The key is wrong or revoked." if reply.status in {401, 403} else ""
        raise ProbeFailed(f"The service answered HTTP {reply.status}.{hint}")
    return _about_models(_ids(reply.body), config)


def _about_models(offered: frozenset[str], config: current.OpenAIConfig) -> str:
    wanted = {config.text_model, config.embedding_model, config.image_model} - {""}
    if unknown := sorted(wanted - offered):
        raise ProbeFailed(f"The service accepts the key, but has no model {', '.join(unknown)}.")
    return f"The service accepts the key, and offers {len(offered)} models."


def _ids(body: bytes) -> frozenset[str]:
    try:
        listed = json.loads(body)["data"]
        return frozenset(str(each["id"]) for each in listed)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ProbeFailed("The service answered no list of models.") from None


def mail_to(address: str) -> str:
    """Send a mail to this address. Raises ProbeFailed."""
    if connection.in_atomic_block:
        raise RuntimeError("A mail inside a transaction; send it on commit.")
    config = current.mail()
    if not config.host:
        raise ProbeFailed("No mail server is set: mails are written to the terminal.")
    message = EmailMessage(
        "Instarchiver can send mail",
        "This is the test that you asked for.",
        config.sender,
        [address],
    )
    try:
        backend_of(config).send_messages([message])
    except smtplib.SMTPAuthenticationError as error:
        raise ProbeFailed("The mail server refused the user or the password.") from error
    except (OSError, ImproperlyConfigured) as error:  # smtplib's errors are OSErrors
        raise ProbeFailed(
            f"The mail server did not take the mail: {type(error).__name__}."
        ) from error
    return f"The mail server took a mail to {address}."

"""Celery's broker: a Redis that counts as reached once it takes writes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from kombu.transport import redis
from redis import Redis
from redis.exceptions import ResponseError

WRITE_KEY = "instarchiver:broker"
WRITE_SECONDS = 60
TIMEOUT = 2
"""Seconds in which Redis answers a question about itself."""


def client(**options: Any) -> Redis:
    """A client of the broker's Redis, to ask and not to send messages."""
    return Redis.from_url(
        settings.CELERY_BROKER_URL,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        **options,
    )


class Transport(redis.Transport):
    """kombu's transport, for which an error that Redis answers is one of the connection.

    A server in transition answers READONLY, UNBLOCKED, LOADING, OOM or MISCONF. kombu takes such an
    answer for an error of a channel, and a Celery worker ends of that. As an error of the
    connection it makes the worker connect again, with the pauses of
    `kombu.Connection.ensure_connection`: 2, 4, 6 … 30 s.
    """

    connection_errors = (*redis.Transport.connection_errors, ResponseError)
    channel_errors = tuple(
        error for error in redis.Transport.channel_errors if error is not ResponseError
    )

    def create_channel(self, connection: Any) -> Any:
        """Open a channel. ResponseError where no write is taken: a replica answers a PING too."""
        channel: Any = super().create_channel(connection)
        try:
            channel.client.set(WRITE_KEY, 1, ex=WRITE_SECONDS)
        except self.connection_errors:
            channel.close()
            raise
        return channel

"""Celery's broker transport, for which Redis counts as connected once it accepts writes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from kombu.transport import redis
from redis import Redis
from redis.exceptions import ResponseError

WRITE_KEY = "instarchiver:broker"
WRITE_SECONDS = 60
TIMEOUT = 2
"""The timeout in seconds of questions about the broker itself."""


def client(**options: Any) -> Redis:
    """A Redis client of the broker, for questions and not for messages."""
    return Redis.from_url(
        settings.CELERY_BROKER_URL,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        **options,
    )


class Transport(redis.Transport):
    """kombu's Redis transport, which treats error replies of Redis as connection errors.

    A server during failover answers READONLY, UNBLOCKED, LOADING, OOM or MISCONF. kombu treats
    these as channel errors, which end a Celery worker. As connection errors they make the worker
    reconnect, with the pauses of `kombu.Connection.ensure_connection`: 2, 4, 6 … 30 s.
    """

    connection_errors = (*redis.Transport.connection_errors, ResponseError)
    channel_errors = tuple(
        error for error in redis.Transport.channel_errors if error is not ResponseError
    )

    def create_channel(self, connection: Any) -> Any:
        """Open a channel. Raises ResponseError if writes fail; a replica would answer PING."""
        channel: Any = super().create_channel(connection)
        try:
            channel.client.set(WRITE_KEY, 1, ex=WRITE_SECONDS)
        except self.connection_errors:
            channel.close()
            raise
        return channel

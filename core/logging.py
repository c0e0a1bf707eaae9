"""Structured logs: an event key plus fields, with the request or task id in every line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog

from core import security_log

SHARED_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    security_log.with_address,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]

# They log full URLs at INFO, and the signature in a media URL grants access.
REVEALING = ("httpx", "httpcore")
# They log two lines for each task at INFO, and the sweeps are tasks of every 15 seconds.
VERBOSE = ("celery.worker.strategy", "celery.app.trace")

# Ours, and what Django refuses: forged forms, unknown hosts, and the like.
SECURITY = ("security", "django.security")


def configuration(*, json: bool, security_folder: Path | None) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error, as JSON lines or as text.

    The security log goes to files in `security_folder` as well, as JSON lines.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": renderer,
                "foreign_pre_chain": SHARED_PROCESSORS,
            },
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": structlog.processors.JSONRenderer(),
                "foreign_pre_chain": SHARED_PROCESSORS,
            },
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "structured"},
            "security": {
                "()": "core.security_log.DailyFile",
                "folder": security_folder,
                "formatter": "lines",
            },
        },
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            **{name: {"level": "WARNING"} for name in (*REVEALING, *VERBOSE)},
            **{name: {"handlers": ["security"], "level": "INFO"} for name in SECURITY},
        },
    }


def configure() -> None:
    """Send structlog's events to the standard library's loggers."""
    structlog.configure(
        processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )

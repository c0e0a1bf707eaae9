"""Probes: what the other side of a setting answers, as a sentence for staff.

An app with the client of a service registers its probe in `ready`, because the settings may not
import it:

    probes.registry.register("core_api", account.describe)
"""

from __future__ import annotations

from collections.abc import Callable

from core.registry import Registry

registry: Registry[Callable[..., str]] = Registry()
"""`core_api` takes the CoreAPIConfig, `firebase` takes nothing. They raise ProbeFailed."""


class ProbeFailed(Exception):
    """The other side refused or did not answer. The message says what to do, and quotes nothing."""

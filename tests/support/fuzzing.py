"""How many inputs a fuzz test tries."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

BOUNDED = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,  # the same requests on every machine
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

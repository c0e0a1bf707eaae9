"""The settings of the tests, with throttles that never refuse."""

from typing import Any

from config.settings import test  # noqa: TID251  the layer below
from config.settings.test import *  # noqa: F403, TID251  the same

_below: dict[str, Any] = {**test.REST_FRAMEWORK}
REST_FRAMEWORK = {
    **_below,
    "DEFAULT_THROTTLE_RATES": dict.fromkeys(_below["DEFAULT_THROTTLE_RATES"], "1000000/min"),
}

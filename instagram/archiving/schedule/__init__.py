"""Schedules the polls of profiles.

    flags ──▶ due times ──▶ runs ──▶ polls noted ──▶ due times, story windows

`flags`, `dispatching` and `polls` are the first three arrows. `intervals` and `coverage` are pure.
`forecasting` estimates the cost of a day.
"""

from instagram.archiving.schedule.allowance import affordable_streams
from instagram.archiving.schedule.dispatching import dispatch, join_stories
from instagram.archiving.schedule.flags import apply_flags
from instagram.archiving.schedule.forecasting import Forecast, forecast
from instagram.archiving.schedule.polls import (
    doubt,
    note_failed_poll,
    note_partial_poll,
    note_poll,
)

__all__ = [
    "Forecast",
    "affordable_streams",
    "apply_flags",
    "dispatch",
    "doubt",
    "forecast",
    "join_stories",
    "note_failed_poll",
    "note_partial_poll",
    "note_poll",
]

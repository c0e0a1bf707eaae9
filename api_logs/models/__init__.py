"""The log of calls, and the state of the gate."""

from api_logs.gate.providers import ProviderState
from api_logs.models.alarms import Alarm
from api_logs.models.log import ABANDONED_AFTER, APIRequestLog
from api_logs.models.spending import Spending

__all__ = ["ABANDONED_AFTER", "APIRequestLog", "Alarm", "ProviderState", "Spending"]

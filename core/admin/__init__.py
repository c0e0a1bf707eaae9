"""The admin of core's own rows, and of the packages that we use."""

from core.admin import packages
from core.admin.heartbeats import WorkerHeartbeatAdmin

__all__ = ["WorkerHeartbeatAdmin", "packages"]

"""The admin of core's tables and of third-party packages."""

from core.admin import flags, packages
from core.admin.heartbeats import WorkerHeartbeatAdmin

__all__ = ["WorkerHeartbeatAdmin", "flags", "packages"]

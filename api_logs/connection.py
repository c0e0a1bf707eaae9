"""The connection of the log and of what decides about calls.

It is one of its own, so a rollback of the work around a call takes none of it away.
"""

CONNECTION = "api_log"

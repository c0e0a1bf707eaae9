"""Errors that end a local run."""


class CannotRun(Exception):
    """The command cannot run: a port in use, a missing program, a busy data folder."""


class ServiceFailed(Exception):
    """A service did not start, or exited unexpectedly."""

"""What can stop a local run before its end."""


class CannotRun(Exception):
    """The way it was called cannot work: a taken port, a missing program, a busy data folder."""


class ServiceFailed(Exception):
    """A service did not start, or ended although nobody asked it to."""

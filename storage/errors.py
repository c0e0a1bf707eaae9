"""What can go wrong between a media URL and a stored file; each class is a decision.

DownloadError
├── Transient          retry with backoff, not before `retry_after` seconds
├── UrlExpired         get a fresh URL first, then retry
├── NotServed          a text or a page came in place of the file: one fresh URL for each run
├── ForbiddenAddress   the URL leads somewhere that we may not go: the same
├── NotMedia           bytes of no kind that we know: kept in quarantine, and the same
└── TooLarge           never: above the size cap

All but TooLarge are a state of the host: the next run tries again.

Messages are for staff. They may name a host, never a URL: its signature is a capability.
"""


class DownloadError(Exception):
    """Anything that went wrong between a media URL and a stored file."""

    @property
    def code(self) -> str:
        """The stable name that rows and API clients carry, such as `UrlExpired`."""
        return type(self).__name__


class Transient(DownloadError):
    """Worth another try: timeout, reset, truncation, 429, 5xx, an empty body.

    `retry_after` is the pause that the host asked for in seconds, None where it named none.
    `host_failed`: the host did not answer, or answered that it cannot; its other files would
    fare the same.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, host_failed: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.host_failed = host_failed


class Incomplete(Transient):
    """All bytes that the host announced have come, and the file lacks its end."""


class UrlExpired(DownloadError):
    """The host no longer serves this URL: 403, 404 or 410."""


class ForbiddenAddress(DownloadError):
    """The URL, or a redirect of it, is not public http(s)."""


class NotServed(DownloadError):
    """The host sent a text or a page in place of the file: a login, a block, an apology."""


class TooLarge(DownloadError):
    """Longer than the size cap."""


class NotMedia(DownloadError):
    """The bytes begin as no image, sound or video that we know, whatever the host calls them."""


class StoreMissing(Exception):
    """So many stored files are not there that their folder must be; nothing is done about them."""

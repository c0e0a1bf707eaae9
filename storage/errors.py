"""What can go wrong between a media URL and a stored file; each class is a decision.

DownloadError
├── Transient          retry with backoff, not before `retry_after` seconds
├── UrlExpired         get a fresh URL first, then retry
├── ForbiddenAddress   never: the URL leads somewhere that we may not go
├── TooLarge           never: above the size cap
└── NotMedia           again twice, for it may be the page of a login or a block; then never

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


class UrlExpired(DownloadError):
    """The host no longer serves this URL: 403, 404 or 410."""


class ForbiddenAddress(DownloadError):
    """The URL, or a redirect of it, is not public http(s)."""


class TooLarge(DownloadError):
    """Longer than the size cap."""


class NotMedia(DownloadError):
    """The bytes are no image and no video that can be decoded, whatever the host calls them."""


class StoreMissing(Exception):
    """So many stored files are not there that their folder must be; nothing is done about them."""

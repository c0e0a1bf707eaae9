"""The errors of downloads. Each class tells the caller what to do next.

DownloadError
├── TransientDownloadError   retry with backoff, not before `retry_after` seconds
│   └── IncompleteFile       the same; the bytes are kept in quarantine
├── UrlExpired               get a fresh URL, then retry
├── NotServed                get a fresh URL, once per run: a text came in place of the file
├── ForbiddenAddress         get a fresh URL, once per run: the URL leads to a private address
├── NotMedia                 get a fresh URL, once per run: unknown bytes, kept in quarantine
└── FileTooLarge             give up: the file is above the size cap

Every error except FileTooLarge describes the state of the host, so the next run tries again.

Error messages are shown to staff. They may name a host, but never a URL: the signature in a URL
grants access to the file.
"""

from typing import ClassVar


class DownloadError(Exception):
    """Anything that goes wrong between a media URL and a stored file.

    `code` is written to `Asset.error_code` and read by API clients. It must stay stable when a
    class is renamed.
    """

    code: ClassVar[str] = "DownloadError"


class TransientDownloadError(DownloadError):
    """A retry may help: timeout, reset, truncation, 429, 5xx or an empty body.

    `retry_after` is the pause in seconds that the host asked for, or None. `host_failed` is True
    if the host did not answer or answered that it cannot serve, so its other files would fail too.
    """

    code = "Transient"

    def __init__(
        self, message: str, *, retry_after: float | None = None, host_failed: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.host_failed = host_failed


class IncompleteFile(TransientDownloadError):
    """All announced bytes arrived, but the file lacks its end."""

    code = "Incomplete"


class UrlExpired(DownloadError):
    """The host no longer serves this URL: 403, 404, 410 or another 4xx."""

    code = "UrlExpired"


class ForbiddenAddress(DownloadError):
    """The URL, or one of its redirects, is not a public http(s) address."""

    code = "ForbiddenAddress"


class NotServed(DownloadError):
    """The host sent a text or a page in place of the file, such as a login form."""

    code = "NotServed"


class FileTooLarge(DownloadError):
    """The file is larger than the size cap."""

    code = "TooLarge"


class NotMedia(DownloadError):
    """The first bytes match no known image, sound or video, although the host may declare one."""

    code = "NotMedia"


class StoreMissing(Exception):
    """Most stored files are missing, so the folder is probably not mounted. No file is given up."""

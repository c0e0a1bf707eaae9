"""Fetches a media URL to verified bytes on disk, over connections to public addresses only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from types import TracebackType
from typing import Self

import httpx

from core import pauses
from core.http import decoding
from storage.download import resume
from storage.download.connections import BrokenConnection, Connections, Response
from storage.download.limits import Deadline, Limits
from storage.errors import (
    FileTooLarge,
    ForbiddenAddress,
    IncompleteFile,
    NotMedia,
    NotServed,
    TransientDownloadError,
    UrlExpired,
)
from storage.formats import media_types, pages, truncation
from storage.partial_files import PartialDownload
from storage.store import MediaContent

HEADERS = {
    b"User-Agent": b"Instarchiver",
    b"Accept": b"*/*",
    b"Accept-Encoding": b"identity",
}
SCHEMES = frozenset({"http", "https"})
MAX_PORT = 65535
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
# How often one attempt resumes at once. It resumes only while each request brings bytes.
MAX_RESUMES = 5
BUSY = frozenset({408, 425, 429})


class Fetcher:
    """Fetches one URL at a time over its own connections. Not shared between threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._connections = Connections(limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connections.close()

    def fetch(self, url: str, partial: PartialDownload) -> MediaContent:
        """Append the file behind the URL to the partial download, in constant memory.

        Raises DownloadError for every failure of the network; the partial download may have grown
        by then. After NotMedia and IncompleteFile it holds all bytes that the host sent.
        """
        self._connections.deadline = Deadline(self.limits)
        parsed = _parsed(url)
        for _ in range(MAX_RESUMES):
            had = partial.size
            try:
                return self._follow(parsed, partial)
            except TransientDownloadError:
                if partial.size <= had or not partial.can_resume:
                    raise
        return self._follow(parsed, partial)

    def _follow(self, url: httpx.URL, partial: PartialDownload) -> MediaContent:
        """Send the request, follow redirects, and start over if the host cannot resume."""
        with self._translated_errors(url):
            for _ in range(MAX_REDIRECTS + 1):
                headers = HEADERS | resume.range_headers(partial)
                with self._connections.get(url, headers) as response:
                    if response.status in REDIRECTS:
                        url = _redirected(url, response)
                    elif resume.is_useless(partial, response):
                        partial.restart(None)
                    else:
                        return self._receive(response, partial)
        raise TransientDownloadError(f"{url.host}: more than {MAX_REDIRECTS} redirects")

    def _receive(self, response: Response, partial: PartialDownload) -> MediaContent:
        if response.status != 206 or not partial.size:
            _check_status(response)
            partial.restart(resume.version(response))
        if resume.length(response) > self.limits.max_bytes:
            partial.restart(None)
            raise FileTooLarge(f"announced {resume.length(response)} bytes")
        with _translated_decoding_errors():
            self._write(_decoded(response, self.limits.max_bytes), partial)
        kind = _kind(partial)
        # A host may announce the length of a file that is cut already. Enrichment never rejects a
        # file, so this is the only such check.
        if not truncation.is_whole(kind, partial.read, partial.size):
            partial.version = None  # no attempt may resume from these bytes
            raise IncompleteFile(f"{partial.size} bytes are not the whole {kind.extension}")
        return MediaContent(partial.sha256, partial.size, kind)

    def _write(self, chunks: Iterator[bytes], partial: PartialDownload) -> None:
        if not partial.size:
            _write_head(chunks, partial)
        for chunk in chunks:
            if partial.size + len(chunk) > self.limits.max_bytes:
                partial.restart(None)
                raise FileTooLarge(f"more than {self.limits.max_bytes} bytes")
            partial.write(chunk)
        if partial.version and partial.size != partial.version.total:
            raise TransientDownloadError(f"{partial.size} bytes of {partial.version.total}")

    @contextmanager
    def _translated_errors(self, url: httpx.URL) -> Iterator[None]:
        """Turn BrokenConnection into TransientDownloadError."""
        before = self._connections.deadline.received
        try:
            yield
        except BrokenConnection as error:
            silent = self._connections.deadline.received == before
            raise TransientDownloadError(f"{url.host}: {error}", host_failed=silent) from error


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        is_usable = parsed.scheme in SCHEMES and parsed.host and (parsed.port or 0) <= MAX_PORT
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: lone surrogates, invalid IDNA
        raise ForbiddenAddress("not a URL") from error
    if not is_usable:
        raise ForbiddenAddress("not an http(s) URL")
    return parsed


def _redirected(url: httpx.URL, response: Response) -> httpx.URL:
    try:
        redirected = url.join(resume.header(response, b"location"))
    except (httpx.InvalidURL, ValueError) as error:
        raise ForbiddenAddress(f"{url.host} redirects to an invalid URL") from error
    return _parsed(str(redirected))


def _decoded(response: Response, limit: int) -> Iterator[bytes]:
    """Return the file's own bytes in chunks. Raises DecodingError.

    Some hosts encode the body although `identity` was requested. Others announce an encoding and
    send the plain file, so a body that begins like a media file is not decoded.
    """
    encoding = decoding.encoding_of(resume.header(response, b"content-encoding"))
    chunks = iter(response.iter_stream())
    if encoding == decoding.IDENTITY:
        return chunks
    head = next(chunks, b"")
    whole = chain([head], chunks)
    if media_types.recognise(head[: media_types.HEAD_SIZE]) is not None:
        return whole
    return decoding.decoded(whole, encoding, limit=limit)


@contextmanager
def _translated_decoding_errors() -> Iterator[None]:
    try:
        yield
    except decoding.LimitExceeded as error:
        raise FileTooLarge(str(error)) from error
    except decoding.UnknownEncoding as error:
        raise NotServed(str(error)) from error
    except decoding.DecodingError as error:
        raise TransientDownloadError(str(error)) from error


def _check_status(response: Response) -> None:
    status = response.status
    if status == 200:
        return
    if status in BUSY or not 400 <= status < 500:
        pause = pauses.asked_for(resume.header(response, b"retry-after"))
        failed = status in BUSY or status >= 500
        raise TransientDownloadError(f"HTTP {status}", retry_after=pause, host_failed=failed)
    # 403, 404, 410 and every other 4xx: the same URL will not work again, but a fresh one may.
    raise UrlExpired(f"HTTP {status}")


def _write_head(chunks: Iterator[bytes], partial: PartialDownload) -> None:
    """Write and check the first bytes before more are read. Raises NotServed for a text."""
    for chunk in chunks:
        partial.write(chunk)
        if partial.size >= pages.PROBE_SIZE:
            break
    if not partial.size:
        raise TransientDownloadError("an empty body")
    _recognised(partial)


def _kind(partial: PartialDownload) -> media_types.Kind:
    """Identify the file by its first bytes. Raises NotServed for a text, NotMedia if unknown."""
    kind = _recognised(partial)
    if kind is None:
        partial.version = None
        raise NotMedia("the first bytes match no image, sound or video")
    return kind


def _recognised(partial: PartialDownload) -> media_types.Kind | None:
    """Identify the file by its first bytes, None if they are unknown. Raises NotServed."""
    kind = media_types.recognise(partial.head())
    if kind is None and pages.is_text(partial.read(0, pages.PROBE_SIZE)):
        partial.restart(None)
        raise NotServed("a text came in place of the file")
    return kind

"""Serves stored files. Media types come from the bytes and a closed list, so never HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from django.conf import settings
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    JsonResponse,
    StreamingHttpResponse,
)
from django.utils.decorators import method_decorator
from django.utils.http import parse_etags
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from settings import current
from storage import store
from storage.models import StoredFile
from storage.serving import links, ranges

CHUNK = 256 * 1024
YEAR = 365 * 24 * 60 * 60
PUBLIC = f"public, max-age={YEAR}, immutable"
PRIVATE = f"private, max-age={links.WINDOW}, immutable"
SHOWN = ("image/", "video/")
# If a browser takes a file for a document after all, it may not load or run anything.
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
    ),
}


@method_decorator(csrf_exempt, name="dispatch")  # nothing is written; a POST must get the 405
class MediaView(View):
    """`GET /media/<sha[:2]>/<sha>.<extension>`. Two indexed queries."""

    http_method_names = ("get", "head")

    def get(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Send the file, a range of it, or 304 if the client has it."""
        private = current.access().private_reading
        expires, signature = request.GET.get("expires", ""), request.GET.get("signature", "")
        if private and not links.is_valid(name, expires, signature):
            return JsonResponse({"detail": "This link is not signed, or has expired."}, status=403)
        response = _respond(request, _servable(name))
        response["Cache-Control"] = PRIVATE if private else PUBLIC
        return response

    def http_method_not_allowed(self, request: HttpRequest, *_: str, **__: str) -> HttpResponse:
        """Answer 405 in the format of the REST API."""
        detail = f'Method "{request.method}" not allowed.'
        return JsonResponse({"detail": detail}, status=405, headers={"Allow": "GET, HEAD"})


def _servable(name: str) -> StoredFile:
    sha256 = name.rpartition("/")[2].partition(".")[0]
    file: StoredFile | None = StoredFile.objects.servable().filter(sha256=sha256).first()
    if file is None or file.name != name:
        raise Http404("There is no such file.")
    return file


def _respond(request: HttpRequest, file: StoredFile) -> HttpResponseBase:
    etag = f'"{file.sha256}"'
    if _is_known(request, etag):
        response: HttpResponseBase = HttpResponseNotModified()
    elif settings.MEDIA_REDIRECT_PREFIX:
        response = _handed_to_nginx(file)
    else:
        response = _bytes(request, file, etag)
    response["ETag"] = etag
    for header, value in SECURITY.items():
        response[header] = value
    if not file.media_type.startswith(SHOWN):
        response["Content-Disposition"] = "attachment"
    return response


def _is_known(request: HttpRequest, etag: str) -> bool:
    known = {
        tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))
    }
    return bool(known & {etag, "*"})


def _handed_to_nginx(file: StoredFile) -> HttpResponse:
    if not store.default().exists(file.name):
        raise _missing(file)
    response = HttpResponse(content_type=file.media_type)
    response["X-Accel-Redirect"] = f"{settings.MEDIA_REDIRECT_PREFIX.rstrip('/')}/{file.name}"
    return response


def _bytes(request: HttpRequest, file: StoredFile, etag: str) -> HttpResponseBase:
    # `If-Range` names the version that the client has. Of another version it needs the whole file.
    has_current = request.headers.get("If-Range", etag) == etag
    try:
        part = ranges.parse(request.headers.get("Range", "") if has_current else "", file.size)
    except ranges.Unsatisfiable:
        unsatisfiable = JsonResponse({"detail": "There are no such bytes."}, status=416)
        unsatisfiable["Content-Range"] = f"bytes */{file.size}"
        return unsatisfiable
    response = _body(request, file, part)
    response["Accept-Ranges"] = "bytes"
    if part is not None:
        response.status_code = 206
        response["Content-Range"] = part.content_range(file.size)
    return response


def _body(
    request: HttpRequest, file: StoredFile, part: ranges.ByteRange | None
) -> HttpResponseBase:
    length = part.length if part else file.size
    opened = _opened(file)
    if request.method == "HEAD":
        opened.close()
        response: HttpResponseBase = HttpResponse(content_type=file.media_type)
    elif part is None:
        response = FileResponse(opened, content_type=file.media_type)  # sendfile under gunicorn
    else:
        response = StreamingHttpResponse(_read(opened, part), content_type=file.media_type)
    response["Content-Length"] = str(length)
    return response


def _opened(file: StoredFile) -> BinaryIO:
    try:
        return store.default().open(file.name)
    except FileNotFoundError as error:
        raise _missing(file) from error


def _missing(file: StoredFile) -> Http404:
    """Make the missing file the next one to verify, and return the 404."""
    StoredFile.objects.filter(pk=file.pk).mark_suspect()
    return Http404("The bytes of this file are missing; they will be looked for.")


def _read(file: BinaryIO, part: ranges.ByteRange) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        left = part.length
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk

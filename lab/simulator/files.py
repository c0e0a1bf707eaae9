"""Names and signed URLs of the files on the CDN.

A name contains everything that determines the bytes, so the CDN needs no list of files and can
serve new ones without being told. The last digits of a name are its checksum; other names are
unknown.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from lab.simulator import seeding

Kind = Literal["picture", "image", "cover", "video"]

FOLDERS: dict[Kind, str] = {
    "picture": "/v/t51.2885-19/",
    "image": "/v/t51.29350-15/",
    "cover": "/v/t51.71878-15/",
    "video": "/v/t50.2886-16/",
}
KINDS: tuple[Kind, ...] = ("picture", "image", "cover", "video")
NAME = re.compile(r"([1-4])(\d{3})(\d{5})_(\d{15})_([1-9])(\d{18})_n\.(?:jpg|mp4)")


@dataclass(frozen=True, slots=True)
class File:
    """One file on the CDN. `base` is its base picture or clip, `number` makes it unique.

    Two files that differ only in `copy` have different names and equal bytes. `padding` is the
    number of megabytes added to a video.
    """

    kind: Kind
    base: int
    number: int
    copy: int = 1
    padding: int = 0

    @property
    def is_video(self) -> bool:
        """Whether this is an MP4 file; all other files are JPEG files."""
        return self.kind == "video"

    def name(self, seed: str) -> str:
        """The last segment of the file's URL path."""
        first = f"{KINDS.index(self.kind) + 1}{self.base:03}{self.padding:05}"
        proof = seeding.number(seed, first, self.number, self.copy, digits=18)
        suffix = "mp4" if self.is_video else "jpg"
        return f"{first}_{self.number:015}_{self.copy}{proof}_n.{suffix}"

    def path(self, seed: str) -> str:
        return FOLDERS[self.kind] + self.name(seed)


def parse_path(path: str, seed: str) -> File | None:
    """Return the file of a URL path; None if the simulator did not create the name."""
    found = NAME.fullmatch(path.rpartition("/")[2])
    if found is None:
        return None
    kind, base, padding, number, copy, _proof = (int(group) for group in found.groups())
    file = File(KINDS[kind - 1], base, number, copy, padding)
    # Written again and compared, which checks the folder, the suffix and the checksum at once.
    return file if file.path(seed) == path else None


@dataclass(frozen=True, slots=True)
class FileCandidate:
    """One size in which a picture or a video is offered."""

    url: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Links:
    """Makes signed URLs that expire at `expires_at`."""

    base_url: str
    seed: str
    expires_at: int

    def url(self, file: File, size: str = "dst-jpg_e35") -> str:
        """Return the signed URL of a file; `size` is the transformation of the picture."""
        path = file.path(self.seed)
        oe = f"{self.expires_at:X}"
        # As at Instagram, two sizes of one picture differ only in `stp`: the last segment of the
        # path identifies a file.
        query = {
            **({} if file.is_video else {"stp": size}),
            "_nc_ht": self.base_url.partition("://")[2],
            "_nc_cat": "1",
            "ccb": "7-5",
            "oh": signature(path, oe, self.seed),
            "oe": oe,
            "_nc_sid": "10d13b",
        }
        return f"{self.base_url}{path}?{urlencode(query)}"

    def candidates(self, file: File, width: int, height: int) -> list[FileCandidate]:
        """Return the sizes of a picture, largest first; all have the same path."""
        smaller = [side for side in (750, 640, 320) if side < width]
        return [FileCandidate(self.url(file), width, height)] + [
            FileCandidate(
                self.url(file, f"dst-jpg_e35_p{side}x{side}"), side, round(height * side / width)
            )
            for side in smaller
        ]


def signature(path: str, oe: str, seed: str) -> str:
    """Return the `oh=` parameter of a URL that is valid until `oe`."""
    message = f"{path}?{oe}".encode()
    return "00_" + hmac.new(seed.encode(), message, hashlib.sha256).hexdigest()[:40]

"""The columns of files that the API shows; whole rows would be a fifth of the time of a page."""

from __future__ import annotations

COLUMNS = ("sha256", "extension", "blur", "width", "height")
PATHS = ("image__file", "video__file", "video__file__poster")

SHOWN = tuple(f"{path}__{column}" for path in PATHS for column in COLUMNS)
"""For `only()`, beside `select_related("image__file", "video__file__poster")`."""

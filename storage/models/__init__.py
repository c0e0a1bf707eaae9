"""Wanted files (`Asset`), stored files (`StoredFile`), and files that failed a check."""

from storage.models.assets import LEASE, Asset, AssetQuerySet
from storage.models.files import SUSPECT, StoredFile, StoredFileQuerySet
from storage.models.findings import FixityEvent, FixityEventQuerySet, Quarantined

__all__ = [
    "LEASE",
    "SUSPECT",
    "Asset",
    "AssetQuerySet",
    "FixityEvent",
    "FixityEventQuerySet",
    "Quarantined",
    "StoredFile",
    "StoredFileQuerySet",
]

"""Shared fixtures: a store in a folder of its own, a CDN, and rows."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from storage import store
from storage.formats import media_types
from storage.models import Asset, StoredFile
from storage.store import Store
from tests.support.odd_server import OddServer, odd_server

MakeAsset = Callable[..., Asset]
MakeFile = Callable[..., StoredFile]


@pytest.fixture
def media_store(media_folder: Path) -> Store:
    """The default store, empty."""
    return store.default()


@pytest.fixture
def cdn(settings: Settings) -> Iterator[OddServer]:
    """A running CDN, which the settings trust."""
    with odd_server() as server:
        settings.MEDIA_TRUSTED_HOSTS = frozenset({server.host})
        yield server


@pytest.fixture
def make_asset(db: None) -> MakeAsset:
    """Inserts wanted assets, each with a source name of its own."""
    numbers = itertools.count(1)

    def make(url: str = "http://127.0.0.1:9/none.jpg", **fields: Any) -> Asset:
        given = {"owner_kind": "post", "owner_id": "1", "role": "image", **fields}
        return Asset.objects.create(url=url, source_name=f"{next(numbers)}.jpg", **given)

    return make


@pytest.fixture
def make_file(media_store: Store, db: None) -> MakeFile:
    """Stores bytes and their row, not enriched."""

    def make(
        data: bytes, kind: media_types.Kind = media_types.JPEG, **fields: object
    ) -> StoredFile:
        content = store.save(data, kind)
        return StoredFile.objects.create(
            sha256=content.sha256,
            size=content.size,
            media_type=kind.media_type,
            extension=kind.extension,
            **fields,
        )

    return make


def beside(work: Callable[[], object]) -> threading.Thread:
    """Do the work in a thread with its own connection."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread

"""Files appear whole, once, and only below the root."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation

from storage.store import ABANDONED_AFTER, PARTIAL_KEPT, PARTIAL_PREFIX, TEMP_FOLDER, Store

NAME = f"ab/ab{'0' * 62}.jpg"


def put(media_store: Store, data: bytes, name: str = NAME) -> None:
    with media_store.temporary_path() as path:
        path.write_bytes(data)
        media_store.put(path, name)


def inode(media_store: Store) -> int:
    return (media_store.root / NAME).stat().st_ino


def test_a_stored_file_can_be_read(media_store: Store) -> None:
    put(media_store, b"bytes")

    with media_store.open(NAME) as file:
        assert file.read() == b"bytes"


def test_no_temporary_file_is_left(media_store: Store) -> None:
    put(media_store, b"bytes")
    with media_store.temporary_path() as path:
        path.write_bytes(b"never put")

    assert list((media_store.root / TEMP_FOLDER).iterdir()) == []


def test_the_same_content_is_written_once(media_store: Store) -> None:
    put(media_store, b"bytes")
    first = inode(media_store)

    put(media_store, b"bytes")

    assert inode(media_store) == first


def test_a_cut_file_is_replaced(media_store: Store) -> None:
    put(media_store, b"byt")

    put(media_store, b"bytes")

    assert (media_store.root / NAME).read_bytes() == b"bytes"


def test_deleted_bytes_are_gone(media_store: Store) -> None:
    put(media_store, b"bytes")

    media_store.delete(NAME)
    media_store.delete(NAME)

    assert not media_store.exists(NAME)


@pytest.mark.parametrize("name", ["../out.jpg", "/etc/passwd", "ab/../../out.jpg", ".", ""])
def test_a_name_that_leads_out_is_refused(media_store: Store, name: str) -> None:
    with pytest.raises(SuspiciousFileOperation):
        media_store.open(name)


def test_a_link_that_leads_out_is_refused(media_store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    media_store.root.mkdir()
    (media_store.root / "ab").symlink_to(tmp_path)

    with pytest.raises(SuspiciousFileOperation):
        media_store.open("ab/secret.jpg")


def test_a_file_that_lost_some_bits_is_replaced(media_store: Store) -> None:
    put(media_store, b"bits!")

    put(media_store, b"bytes")

    assert (media_store.root / NAME).read_bytes() == b"bytes"


def test_the_sweep_deletes_only_old_files(media_store: Store) -> None:
    aside = media_store.root / TEMP_FOLDER
    aside.mkdir(parents=True)
    (aside / "abandoned").write_bytes(b"half a video")
    (aside / f"{PARTIAL_PREFIX}1").write_bytes(b"what a later attempt takes up")
    (aside / "under way").write_bytes(b"half a picture")
    earlier = time.time() - 2 * ABANDONED_AFTER
    for name in ("abandoned", f"{PARTIAL_PREFIX}1"):
        os.utime(aside / name, (earlier, earlier))

    swept = media_store.sweep()

    assert swept == 1
    assert {path.name for path in aside.iterdir()} == {"under way", f"{PARTIAL_PREFIX}1"}


def test_the_sweep_deletes_abandoned_partial_files(media_store: Store) -> None:
    aside = media_store.root / TEMP_FOLDER
    aside.mkdir(parents=True)
    (aside / f"{PARTIAL_PREFIX}1").write_bytes(b"half a video")

    assert media_store.sweep(now=time.time() + PARTIAL_KEPT + 1) == 1

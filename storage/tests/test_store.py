"""Files appear whole, once, and only below the root."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation

from storage.store import ABANDONED_AFTER, ASIDE, PART, PART_KEPT, Store

NAME = f"ab/ab{'0' * 62}.jpg"


def put(shelf: Store, data: bytes, name: str = NAME) -> None:
    with shelf.aside() as path:
        path.write_bytes(data)
        shelf.put(path, name)


def inode(shelf: Store) -> int:
    return (shelf.root / NAME).stat().st_ino


def test_what_was_put_can_be_read(shelf: Store) -> None:
    put(shelf, b"bytes")

    with shelf.open(NAME) as file:
        assert file.read() == b"bytes"


def test_nothing_stays_aside(shelf: Store) -> None:
    put(shelf, b"bytes")
    with shelf.aside() as path:
        path.write_bytes(b"never put")

    assert list((shelf.root / ASIDE).iterdir()) == []


def test_the_same_content_is_written_once(shelf: Store) -> None:
    put(shelf, b"bytes")
    first = inode(shelf)

    put(shelf, b"bytes")

    assert inode(shelf) == first


def test_a_cut_file_is_replaced(shelf: Store) -> None:
    put(shelf, b"byt")

    put(shelf, b"bytes")

    assert (shelf.root / NAME).read_bytes() == b"bytes"


def test_deleted_bytes_are_gone(shelf: Store) -> None:
    put(shelf, b"bytes")

    shelf.delete(NAME)
    shelf.delete(NAME)

    assert not shelf.exists(NAME)


@pytest.mark.parametrize("name", ["../out.jpg", "/etc/passwd", "ab/../../out.jpg", ".", ""])
def test_a_name_that_leads_out_is_refused(shelf: Store, name: str) -> None:
    with pytest.raises(SuspiciousFileOperation):
        shelf.open(name)


def test_a_link_that_leads_out_is_refused(shelf: Store, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    shelf.root.mkdir()
    (shelf.root / "ab").symlink_to(tmp_path)

    with pytest.raises(SuspiciousFileOperation):
        shelf.open("ab/secret.jpg")


def test_a_file_that_lost_some_bits_is_replaced(shelf: Store) -> None:
    put(shelf, b"bits!")

    put(shelf, b"bytes")

    assert (shelf.root / NAME).read_bytes() == b"bytes"


def test_the_sweep_deletes_only_what_is_old(shelf: Store) -> None:
    aside = shelf.root / ASIDE
    aside.mkdir(parents=True)
    (aside / "abandoned").write_bytes(b"half a video")
    (aside / f"{PART}1").write_bytes(b"what a later attempt takes up")
    (aside / "under way").write_bytes(b"half a picture")
    earlier = time.time() - 2 * ABANDONED_AFTER
    for name in ("abandoned", f"{PART}1"):
        os.utime(aside / name, (earlier, earlier))

    swept = shelf.sweep()

    assert swept == 1
    assert {path.name for path in aside.iterdir()} == {"under way", f"{PART}1"}


def test_the_sweep_deletes_parts_that_nobody_took_up(shelf: Store) -> None:
    aside = shelf.root / ASIDE
    aside.mkdir(parents=True)
    (aside / f"{PART}1").write_bytes(b"half a video")

    assert shelf.sweep(now=time.time() + PART_KEPT + 1) == 1

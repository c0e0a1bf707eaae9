"""What a data folder records."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from embedded.errors import CannotRun
from embedded.folder import Folder, Record


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "data")
    folder.prepare()
    return folder


def test_a_lock_has_one_holder(folder: Folder) -> None:
    with folder.lock("owner") as first, folder.lock("owner") as second:
        assert first is not None
        assert second is None


def test_a_lock_is_free_after_its_holder(folder: Folder) -> None:
    with folder.lock("owner"):
        pass

    assert folder.is_free("owner")


def test_the_secrets_of_a_folder_stay(folder: Folder) -> None:
    assert folder.secrets() == folder.secrets()


def test_only_this_user_can_read_the_secrets(folder: Folder) -> None:
    folder.secrets()

    assert (folder.path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_the_encryption_key_has_the_length_that_fernet_wants(folder: Folder) -> None:
    key = folder.secrets()["FIELD_ENCRYPTION_KEYS"]

    assert len(base64.urlsafe_b64decode(key)) == 32


def test_a_published_record_can_be_read(folder: Folder) -> None:
    record = Record(
        environment={"REDIS_URL": "redis://here"}, postgres=[1], others=[2], sockets="/s"
    )

    folder.publish(record)

    assert folder.published() == record


def test_the_record_of_a_dead_supervisor_is_ignored(folder: Folder) -> None:
    folder.publish(Record(environment={"REDIS_URL": "redis://dead"}))

    folder.clear()

    assert folder.published() == Record()


def test_the_sockets_of_a_dead_supervisor_are_removed(folder: Folder, tmp_path: Path) -> None:
    sockets = tmp_path / "sockets"
    sockets.mkdir()
    folder.publish(Record(sockets=str(sockets)))

    folder.clear()

    assert not sockets.exists()


def test_a_path_that_cannot_be_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotRun, match=r"file: File exists\. Set INSTARCHIVER_DATA"):
        Folder(tmp_path / "file").prepare()

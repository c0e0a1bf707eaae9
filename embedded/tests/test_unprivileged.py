"""PostgreSQL started as root, in each way that this machine allows."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded import postgres, unprivileged
from embedded.unprivileged import Cluster

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root is refused")


@pytest.fixture
def private() -> Iterator[Path]:
    """A folder below one that only root can enter."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[None]:
    """Removes the files that the last way leaves outside of the data folder."""
    before = set(unprivileged.HOMES.glob("instarchiver-*"))
    yield
    for home in set(unprivileged.HOMES.glob("instarchiver-*")) - before:
        shutil.rmtree(home)


@pytest.mark.slow
@pytest.mark.usefixtures("homes")
@pytest.mark.parametrize("way", unprivileged.WAYS)
def test_a_cluster_can_be_made(way: Callable[[Path, Path], Cluster], private: Path) -> None:
    cluster = way(postgres.find_binaries(), private / "postgres")
    if not unprivileged.works(cluster):
        pytest.skip("this machine does not allow it")

    postgres.create(cluster)

    assert (cluster.data / "PG_VERSION").exists()


@pytest.mark.slow
def test_a_cluster_changes_hands_when_the_way_changes(private: Path) -> None:
    binaries, data = postgres.find_binaries(), private / "postgres"
    one = unprivileged.in_user_namespace(binaries, data)
    if not unprivileged.works(one):
        pytest.skip("this machine does not allow it")
    postgres.create(one)
    other = unprivileged.with_dropped_user(binaries, data)

    other.own(data)

    owners = {path.stat().st_uid for path in data.rglob("*")}
    assert owners == {unprivileged.unprivileged_user().pw_uid}


def test_a_program_that_is_missing_does_not_work(private: Path) -> None:
    cluster = Cluster(private, private / "postgres")

    assert not unprivileged.works(cluster)

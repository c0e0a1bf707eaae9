"""Small git repositories to measure."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.house import checkout
from lab.house.checkout import Checkout

Track = Callable[[dict[str, str]], Path]
Read = Callable[[dict[str, str]], Checkout]


@pytest.fixture
def track(tmp_path: Path) -> Track:
    """Write files into a new repository and track them, without a commit. Returns its folder."""

    def written(files: dict[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        git(tmp_path, "init", "--quiet")
        git(tmp_path, "add", "--all")
        return tmp_path

    return written


@pytest.fixture
def read(track: Track) -> Read:
    """Write and track files, and read the repository."""
    return lambda files: checkout.read(track(files))


@pytest.fixture
def commit() -> Callable[[Path], str]:
    """Commit the tracked files and return the abbreviated hash."""

    def committed(folder: Path) -> str:
        author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        git(folder, *author, "commit", "--quiet", "--no-verify", "--message=Begin")
        return git(folder, "rev-parse", "--short", "HEAD").strip()

    return committed


def git(folder: Path, *words: str) -> str:
    """Run git in the folder and return its answer."""
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  fixed words

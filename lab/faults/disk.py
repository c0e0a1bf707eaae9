"""A small file system that can really be full, without any right that the user does not have.

Linux lets everybody mount a tmpfs in a namespace of their own. Where it does not, the disk is not
filled, and the verification says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MARK = "INSTARCHIVER_VERIFY_NAMESPACE"
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "--kill-child", "--fork")
SIZE = "160m"


def enter_namespace(module: str, words: Sequence[str]) -> None:
    """Start again in a namespace where we may mount; return where that is impossible."""
    if sys.platform != "linux" or MARK in os.environ or not _works([*NAMESPACE, "true"]):
        return
    command = [*NAMESPACE, sys.executable, "-m", module, *words]
    os.execvpe(command[0], command, {**os.environ, MARK: "1"})  # noqa: S606  ourselves


@contextmanager
def small(folder: Path) -> Iterator[Path | None]:
    """Put a small file system on the folder; gives None where that is impossible."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if MARK not in os.environ or not _works(mount):
        yield None
        return
    try:
        yield folder
    finally:
        _works(["umount", "--lazy", str(folder)])


def _works(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603  our own
    except OSError:
        return False

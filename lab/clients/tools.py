"""The generators: installed once from the locks of this folder, and run without a network."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

LOCKS = Path(__file__).parent
ROOT = LOCKS.parents[1]
FOLDER = ROOT / ".local/clients"
LOCK_NAMES = ("package-lock.json", "requirements.txt")
OLDEST_NODE = (20, 19)
MISSING = (
    "needs npm and Node 20.19 or newer: sudo apt-get install -y nodejs npm"
    " (on Debian 13; the Node of Debian 12 is older)"
)


class NodeMissing(Exception):
    """Node or npm is missing or too old. The message says what to install."""


class StepFailed(Exception):
    """A program failed. The message is what it wrote."""


def require_node() -> None:
    """Raises NodeMissing."""
    if not shutil.which("npm") or not shutil.which("node"):
        raise NodeMissing(MISSING)
    found = re.match(r"v(\d+)\.(\d+)", run("node", "--version"))
    if not found or (int(found[1]), int(found[2])) < OLDEST_NODE:
        raise NodeMissing(MISSING)


def install() -> None:
    """Install the generators, unless they are there. Raises NodeMissing or StepFailed."""
    require_node()
    if are_installed():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in LOCK_NAMES:
        (FOLDER / f"installed-{name}").unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(LOCKS / name, FOLDER / name)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=FOLDER)
    run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, FOLDER / "generator")
    to = ("--python", FOLDER / "generator", "--require-hashes")
    run("uv", "pip", "sync", "--quiet", *to, LOCKS / "requirements.txt")
    for name in LOCK_NAMES:
        shutil.copyfile(LOCKS / name, FOLDER / f"installed-{name}")


def are_installed() -> bool:
    """Whether exactly the generators of the locks are installed."""
    pairs = [(LOCKS / name, FOLDER / f"installed-{name}") for name in LOCK_NAMES]
    return all(
        installed.exists() and filecmp.cmp(lock, installed, shallow=False)
        for lock, installed in pairs
    )


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a program, one of the generators first, and return its output. Raises StepFailed."""
    folders = (FOLDER / "node_modules/.bin", FOLDER / "generator/bin")
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    answer = subprocess.run(  # noqa: S603  our own commands
        command,
        cwd=cwd,
        env={**os.environ, "PATH": path},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if answer.returncode:
        raise StepFailed(f"{answer.stdout}{Path(command[0]).name} failed")
    return answer.stdout

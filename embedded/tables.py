"""The key of a migrated template: a hash of everything that its tables depend on."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORT = re.compile(r"^(?:from|import) ([\w.]+)", re.MULTILINE)
INSTALLED_APPS = "config/settings/base.py"


def key(root: Path = ROOT) -> str:
    """Sixteen digits that change with the migrations, the installed apps and the packages."""
    digest = hashlib.sha256()
    for path in sources(root):
        digest.update(f"{path.relative_to(root)}\n".encode())
        digest.update(path.read_bytes())
    digest.update("\n".join(packages()).encode())
    return digest.hexdigest()[:16]


def sources(root: Path) -> list[Path]:
    """The migrations, the project's modules that they import, and the installed apps."""
    folders = [each for each in root.iterdir() if each.is_dir() and not each.name.startswith(".")]
    migrations = {path for each in folders for path in each.rglob("migrations/*.py")}
    imported = {
        path
        for each in migrations
        for module in IMPORT.findall(each.read_text())
        if (path := root.joinpath(*module.split(".")).with_suffix(".py")).is_file()
    }
    return sorted({*migrations, *imported, root / INSTALLED_APPS})


def packages() -> list[str]:
    """Name and version of every installed package: many have migrations of their own."""
    return sorted({each.name for path in sys.path for each in Path(path).glob("*.dist-info")})

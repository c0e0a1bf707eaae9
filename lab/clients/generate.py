"""Makes the clients, and checks their types in the strict modes. Needs no network."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from lab.clients.tools import LOCKS, ROOT, run

# A test holds it to the code, so no archive has to run.
DOCUMENT = ROOT / "tests/snapshots/openapi.json"


def typescript(folder: Path) -> None:
    """Replace the folder by the npm package. `node_modules` must be beside it or above it.

    Raises StepFailed if a type is wrong.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("client.ts", "tsconfig.json"):
        shutil.copyfile(LOCKS / name, folder / name)
    (folder / "package.json").write_text(json.dumps(package(), indent=2) + "\n")
    # Otherwise a field of a request that has a default would be required.
    options = ("--default-non-nullable=false", "--output", folder / "schema.d.ts")
    run("openapi-typescript", DOCUMENT, *options)
    run("tsc", "--strict", "--noEmitOnError", "--project", folder)


def package() -> dict[str, object]:
    """The package.json of the client. It needs the openapi-fetch that it was made with."""
    return {
        "name": "instarchiver-client",
        "version": json.loads(DOCUMENT.read_text())["info"]["version"],
        "type": "module",
        "exports": {"types": "./client.d.ts", "default": "./client.js"},
        "dependencies": json.loads((LOCKS / "package.json").read_text())["dependencies"],
    }


def python(folder: Path) -> None:
    """Replace the folder by the Python package. Raises StepFailed if a type is wrong."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    document = folder / "openapi.json"
    document.write_text(json.dumps(without_optional_security()))
    config = ("--config", LOCKS / "generator.yml", "--meta", "uv", "--fail-on-warning")
    into = ("--output-path", folder, "--overwrite")
    run("openapi-python-client", "generate", "--path", document, *config, *into)
    document.unlink()
    check_python(folder / "instarchiver_client", packages=folder)


def without_optional_security() -> dict[str, Any]:
    """The document for openapi-python-client, which takes all security for required."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    for operations in document["paths"].values():
        for operation in operations.values():
            if {} in operation["security"]:
                del operation["security"]
    return document


def check_python(*paths: Path, packages: Path) -> None:
    """Check these files with `mypy --strict`. Raises StepFailed."""
    # An empty name keeps mypy from reading the settings of this project.
    options = ("--strict", "--config-file=", "--cache-dir", packages.parent / "mypy_cache")
    run(sys.executable, "-m", "mypy", *options, *paths, cwd=packages)

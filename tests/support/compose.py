"""The Compose files, the Dockerfiles and the environment files, as tests read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support.sources import ROOT

LOCAL = "docker-compose.local.yml"
PRODUCTION = "docker-compose.production.yml"
FILES = (LOCAL, PRODUCTION)
SCHEMA = json.loads((ROOT / "tests/support/compose.schema.json").read_text())
EXACT_TAG = re.compile(r":v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)*$")
SECONDS = {"s": 1, "m": 60, "h": 3600}

Service = dict[str, Any]


@cache
def read(file: str) -> dict[str, Any]:
    """The whole file, with anchors and merges resolved."""
    content: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())
    return content


def services(file: str) -> dict[str, Service]:
    found: dict[str, Service] = read(file)["services"]
    return found


def workers(file: str) -> dict[str, set[str]]:
    """The queues that each worker of a file takes, by the name of its service."""
    commands = {name: service.get("command", []) for name, service in services(file).items()}
    return {
        name: set(command[-1].split(","))
        for name, command in commands.items()
        if any(word.endswith("/worker") for word in command)
    }


def every_service() -> Iterator[Any]:
    """Each service of each file, for a parametrised test."""
    for file in FILES:
        for name, service in services(file).items():
            yield file, name, service


def dockerfiles(file: str) -> dict[str, str]:
    """The text of each Dockerfile, by the image that is built with it."""
    builders = [service for service in services(file).values() if "build" in service]
    return {each["image"]: (ROOT / each["build"]["dockerfile"]).read_text() for each in builders}


def base_images(text: str) -> list[str]:
    """The images that a Dockerfile starts from, without its own stages."""
    stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", text, re.MULTILINE)
    names = {name for _, name in stages}
    return [image for image, _ in stages if image not in names]


def last_user(text: str) -> str:
    """The user that the image runs as."""
    users: list[str] = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    return users[-1]


def copied(text: str) -> list[str]:
    """The files and folders that a Dockerfile copies under their own name."""
    return [
        name.rstrip("/") for name, _ in re.findall(r"^COPY (\S+) (\1|\./)$", text, re.MULTILINE)
    ]


def variables_of(command: str, text: str) -> dict[str, str]:
    """The variables that a Dockerfile's `RUN` sets for this command only."""
    step = re.search(rf"^RUN ((?:\w+=\S+ (?:\\\n\s+)?)+){re.escape(command)}", text, re.MULTILINE)
    assert step, command
    return dict(word.split("=", 1) for word in step[1].replace("\\\n", "").split())


def seconds(duration: str) -> int:
    """`1m30s` is 90."""
    return sum(int(n) * SECONDS[unit] for n, unit in re.findall(r"(\d+)([smh])", duration))


def variables(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)

"""The import ranks of CONTRIBUTING.md: a module imports its own rank or a lower one."""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.sources import APPS, FEATURES, TOOLS, Import, within

RANKS: tuple[tuple[str, ...], ...] = (
    ("core",),
    ("settings", "api_logs"),
    ("core.utils",),
    ("storage",),
    ("instagram.models",),
    ("instagram.archiving",),
    (
        "instagram.archiving.pipeline",
        "instagram.archiving.renewal",
        "instagram.actions",
        "instagram.contributors",
        "instagram.erasure",
        "instagram.traces",
        "instagram.seeding",
    ),
    ("instagram", "authentication"),
    ("features",),
    ("config",),
)
EDGE = len(RANKS) - 3
# These belong to the edge in every app, because a request, a message or a person enters by them.
EDGE_NAMES = frozenset({"admin", "api", "management", "serializers", "tasks", "urls", "views"})
INNER = {
    "core.tasks": 0,  # the base task and `send`: actions use them
    "core.utils.errors": 0,  # the log and the gate classify calls by them
    "core.api.permissions": 1,  # reads from the settings whether the archive is private
}

# Who may import what talks to the outside, or is heavy.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "httpx": ("core.http", "core.utils.core_api", "storage.download.fetch"),
    "httpcore": ("core.http", "storage.download.fetch"),
    "brotli": ("core.http",),
    "backports.zstd": ("core.http",),
    "PIL": ("storage.formats",),
    "av": ("storage.formats",),
    "firebase_admin": ("authentication.firebase",),
    "config.settings": ("config",),
    "config.env": ("config",),
    "embedded": (),
    "lab": (),
}

# What a feature may import of the project, beside itself: features/README.md explains it.
OPEN_TO_FEATURES = (
    "core",
    "settings",
    "api_logs.gate",
    "storage",
    "instagram.models",
    "instagram.actions",
    "instagram.contributors",
    "instagram.archiving.observers",
    "authentication",
    "features.billing.actions",
    "features.uploads.api",
)
PROJECT = (*APPS, *FEATURES, *TOOLS)


def rank(name: str, *, at_home: bool) -> int | None:
    """The rank of a module or of a name in it; None if it belongs to no app.

    `at_home` is whether both ends of the import are in one app: only there an edge may rise.
    """
    for inner, value in INNER.items():
        if within(name, inner):
            return value
    app, *inside = name.split(".")
    if at_home and app in APPS and EDGE_NAMES & {*inside}:
        return EDGE
    matches = [
        (len(package), level)
        for level, packages in enumerate(RANKS)
        for package in packages
        if within(name, package)
    ]
    return max(matches)[1] if matches else None


def climbs(each: Import) -> bool:
    """Whether the import goes up."""
    at_home = each.module.split(".")[0] == each.target.split(".")[0]
    own, wanted = rank(each.module, at_home=at_home), rank(each.target, at_home=at_home)
    return own is not None and wanted is not None and wanted > own


def trespasses(each: Import) -> bool:
    """Whether the import takes something that is kept to another module."""
    return any(
        within(each.target, guarded) and not any(within(each.module, place) for place in places)
        for guarded, places in ONLY_IN.items()
    )


def oversteps(each: Import) -> bool:
    """Whether a feature takes what is not open to features."""
    street, *inside = each.module.split(".")
    if street not in FEATURES or each.target.split(".")[0] not in PROJECT:
        return False
    own = ".".join([street, *inside[:1]])
    return not any(within(each.target, package) for package in (own, *OPEN_TO_FEATURES))


def violations(found: Iterable[Import]) -> list[str]:
    """What is wrong with the imports, a line each."""
    return [str(each) for each in found if climbs(each) or trespasses(each) or oversteps(each)]

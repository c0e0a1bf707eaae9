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
        "instagram.adding",
        "instagram.contributors",
        "instagram.daily_limits",
        "instagram.erasure",
        "instagram.ingest",
        "instagram.traces",
        "instagram.seeding",
    ),
    ("instagram", "authentication"),
    ("features",),
    ("config",),
)
EDGE = len(RANKS) - 3
# These are the edge of every app: requests, messages and people enter through them.
EDGE_NAMES = frozenset({"admin", "api", "management", "serializers", "tasks", "urls", "views"})
INNER = {
    "core.tasks": 0,  # the base task and `send`: actions use them
    "core.utils.errors": 0,  # the log and the gate classify calls with them
    "core.api.renderers": 0,  # only encodes
    "core.api.answers": 1,  # asks the settings for the snapshot of the request
    "core.api.permissions": 1,  # reads from the settings whether the archive is private
}

# The only modules that may import what calls the outside, or is heavy.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "httpx": (
        "core.http",
        "core.utils.core_api",
        "storage.download.connections",
        "storage.download.fetch",
    ),
    "httpcore": ("core.http",),
    "httptools": ("storage.download.connections",),
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

    `at_home`: both ends of the import are in one app. Only there the edge has its higher rank.
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
    """Whether the import goes to a higher rank."""
    at_home = each.module.split(".")[0] == each.target.split(".")[0]
    own, wanted = rank(each.module, at_home=at_home), rank(each.target, at_home=at_home)
    return own is not None and wanted is not None and wanted > own


def trespasses(each: Import) -> bool:
    """Whether the import takes something that ONLY_IN reserves for other modules."""
    return any(
        within(each.target, guarded) and not any(within(each.module, place) for place in places)
        for guarded, places in ONLY_IN.items()
    )


def oversteps(each: Import) -> bool:
    """Whether a feature imports what OPEN_TO_FEATURES does not list."""
    street, *inside = each.module.split(".")
    if street not in FEATURES or each.target.split(".")[0] not in PROJECT:
        return False
    own = ".".join([street, *inside[:1]])
    return not any(within(each.target, package) for package in (own, *OPEN_TO_FEATURES))


def violations(found: Iterable[Import]) -> list[str]:
    """The wrong imports, one line each."""
    return [str(each) for each in found if climbs(each) or trespasses(each) or oversteps(each)]

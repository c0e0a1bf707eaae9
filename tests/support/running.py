"""Whole runs in the process of the test."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from django.utils import timezone

from instagram import actions
from instagram.archiving import pipeline, runs
from instagram.models import ArchiveRun

Start = Callable[[Callable[[], object]], "Future[object]"]
"""Starts work in another thread."""
GRID = ("profile", "posts")
"""The streams for tests that are about the posts of a profile."""


def archive(name: str, *streams: str) -> ArchiveRun:
    """Claim and archive a profile once, as a worker does."""
    added = actions.add_profile(name=name, by=None, streams=streams or None)
    run = runs.claim(added.run.pk, now=timezone.now())
    assert run is not None
    pipeline.archive(run)
    return ArchiveRun.objects.select_related("user").get(pk=run.pk)


def ends(run: ArchiveRun) -> dict[str, tuple[str, str]]:
    return {stream.name: (stream.state, stream.error_code) for stream in run.streams.all()}

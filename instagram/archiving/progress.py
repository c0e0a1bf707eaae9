"""Counts the files and calls of runs.

The counts are read from the download queue each time. Stored counters would have to be right after
every crash, race and repeated page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from api_logs.models import APIRequestLog
from instagram.models import ArchiveRun

# The files that the run's streams want, also those that an earlier run has stored. UNION and not
# UNION ALL: a reel is listed in two tabs, and a story may be in several highlights.
WANTED = """
    SELECT run.id AS run_id, profile.picture_id AS asset_id
      FROM instagram_archiverun run
      JOIN instagram_runstream stream ON stream.run_id = run.id AND stream.name = 'profile'
      JOIN instagram_user profile ON profile.uuid = run.user_id
     WHERE run.id = ANY(%(runs)s)
     UNION
    SELECT run.id, unnest(ARRAY[media.image_id, media.video_id])
      FROM instagram_archiverun run
      JOIN instagram_runstream stream
        ON stream.run_id = run.id AND stream.name IN ('posts', 'reels')
      JOIN LATERAL (
          SELECT post.id FROM instagram_post post WHERE post.user_id = run.user_id
           UNION
          SELECT link.post_id FROM instagram_post_coauthors link WHERE link.user_id = run.user_id
      ) post ON true
      JOIN instagram_postmedia media ON media.post_id = post.id AND media.removed_at IS NULL
     WHERE run.id = ANY(%(runs)s)
     UNION
    SELECT run.id, unnest(ARRAY[story.image_id, story.video_id])
      FROM instagram_archiverun run
      JOIN instagram_runstream stream ON stream.run_id = run.id AND stream.name = 'stories'
      JOIN instagram_story story ON story.user_id = run.user_id
     WHERE run.id = ANY(%(runs)s)
     UNION
    SELECT run.id, unnest(ARRAY[highlight.cover_id, story.image_id, story.video_id])
      FROM instagram_archiverun run
      JOIN instagram_runstream stream ON stream.run_id = run.id AND stream.name = 'highlights'
      JOIN instagram_highlight highlight ON highlight.user_id = run.user_id
      LEFT JOIN instagram_highlightitem item
        ON item.highlight_id = highlight.id AND item.removed_at IS NULL
      LEFT JOIN instagram_story story ON story.story_id = item.story_id
     WHERE run.id = ANY(%(runs)s)
"""
COUNTED = f"""
WITH wanted AS ({WANTED})
SELECT wanted.run_id,
       count(*),
       count(*) FILTER (WHERE asset.state = 'stored'),
       count(*) FILTER (WHERE asset.state = 'failed'),
       count(*) FILTER (WHERE file.enriched_at IS NOT NULL),
       count(*) FILTER (WHERE asset.stored_at >= run.created_at),
       coalesce(sum(file.size), 0)::bigint,
       coalesce(sum(file.size) FILTER (WHERE asset.stored_at >= run.created_at), 0)::bigint
  FROM wanted
  JOIN storage_asset asset ON asset.id = wanted.asset_id
  JOIN instagram_archiverun run ON run.id = wanted.run_id
  LEFT JOIN storage_storedfile file ON file.id = asset.file_id
 GROUP BY wanted.run_id
"""  # noqa: S608  constants only
FAILURES = f"""
WITH wanted AS ({WANTED})
SELECT asset.error_code, count(*)
  FROM wanted
  JOIN storage_asset asset ON asset.id = wanted.asset_id
 WHERE asset.state = 'failed'
 GROUP BY asset.error_code
 ORDER BY asset.error_code
"""  # noqa: S608  constants only


@dataclass(frozen=True, slots=True)
class Progress:
    """Files and calls of one run. `downloaded` files were stored since the run was requested."""

    files_wanted: int = 0
    files_stored: int = 0
    files_failed: int = 0
    files_checked: int = 0
    files_downloaded: int = 0
    bytes_stored: int = 0
    bytes_downloaded: int = 0
    calls: int = 0

    @property
    def files_pending(self) -> int:
        """Files still to be downloaded, or stored and not decoded yet."""
        return self.files_wanted - self.files_failed - self.files_checked


def of(runs: Sequence[ArchiveRun]) -> dict[UUID, Progress]:
    """The progress of each run, in two statements."""
    calls = APIRequestLog.objects.calls_by_batch(str(run.pk) for run in runs if run.is_active)
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, {"runs": [run.pk for run in runs]})
        files = {run_id: counts for run_id, *counts in cursor.fetchall()}
    return {
        run.pk: Progress(*[*files.get(run.pk, [0] * 7), calls.get(str(run.pk), run.calls)])
        for run in runs
    }


def of_run(run: ArchiveRun) -> Progress:
    return of([run])[run.pk]


def refresh(runs: Sequence[ArchiveRun]) -> dict[UUID, Progress]:
    """Update the runs' states from the database; returns their progress, in 3 statements."""
    states = ArchiveRun.objects.in_bulk([run.pk for run in runs])
    for run in runs:
        for name in ("state", "user_id", "calls", "next_attempt_at", "waits_for"):
            setattr(run, name, getattr(states[run.pk], name))
    return of(runs)


def file_errors(run: ArchiveRun) -> dict[str, int]:
    """The number of the run's failed files by error code."""
    with connection.cursor() as cursor:
        cursor.execute(FAILURES, {"runs": [run.pk]})
        return dict(cursor.fetchall())

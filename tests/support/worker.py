"""A worker without a broker: archives the run whose id is given, for tests that kill it."""

from __future__ import annotations

import sys
from uuid import UUID

import django
from django.utils import timezone

django.setup()

from instagram.archiving import pipeline, runs  # noqa: E402  models need the loaded apps

if __name__ == "__main__":
    run = runs.claim(UUID(sys.argv[1]), now=timezone.now())
    if run is None:
        sys.exit("nothing to claim")
    pipeline.archive(run)

"""A whole archive in an empty database: it starts, migrates, and archives one profile.

`python -m tests.support.lone_archive NAME`, with the settings and services of the environment.
Prints a JSON object: the state of the run, and how many posts and files were stored.
"""

from __future__ import annotations

import json
import sys

import django


def main(name: str) -> None:
    django.setup()
    # Models can be imported only when the apps are loaded.
    from django.core.management import call_command  # noqa: PLC0415  the same

    from instagram.models import Post  # noqa: PLC0415  the same
    from storage.download import batch  # noqa: PLC0415  the same
    from storage.models import StoredFile  # noqa: PLC0415  the same
    from tests.support.running import archive  # noqa: PLC0415  the same

    call_command("migrate", verbosity=0)
    call_command("check", stdout=sys.stderr)
    run = archive(name)
    batch.download_batch(1000)
    counts = {"posts": Post.objects.count(), "files": StoredFile.objects.count()}
    sys.stdout.write(json.dumps({"state": run.state, **counts}))


if __name__ == "__main__":
    main(*sys.argv[1:])

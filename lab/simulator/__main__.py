"""`python -m lab.simulator serve|cdn`. `docs/simulator.md` explains both."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lab.simulator import serving
from lab.simulator.cdn import Cdn
from lab.simulator.core_api import CoreApi, Options
from lab.simulator.core_control import CoreControl
from lab.simulator.serving import Listener
from lab.simulator.worlds import WORLDS

FOUR_DAYS = 345_600


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    watched = [sys.stdin.fileno()] if options.stop_with_stdin else []
    try:
        if options.command == "serve":
            return _serve(options, watched)
        serving.serve_cdn(_new_cdn(options), Listener.open(options.port), watched)
    except OSError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1
    return 0


def _serve(options: argparse.Namespace, watched: Sequence[int]) -> int:
    # Both ports are taken before the fork: the Core API writes the CDN's URL into its answers.
    core, cdn = Listener.open(options.port), Listener.open(options.cdn_port)
    cdn_url = cdn.url
    child = serving.fork_cdn(_new_cdn(options), cdn, core)
    wanted = Options(
        seed=options.seed,
        world=options.world,
        token=options.token,
        cdn_url=cdn_url,
        url_lifetime_seconds=options.url_lifetime_seconds,
        profiles=options.profiles,
        posts_per_profile=options.posts_per_profile,
    )
    try:
        serving.serve_core(CoreControl(CoreApi(wanted), cdn_url), core, watched)
    finally:
        status = child.stop()
    return status


def _new_cdn(options: argparse.Namespace) -> Cdn:
    return Cdn(options.seed, options.first_byte_delay_ms / 1000)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.simulator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve a Core API, with its CDN in a child process")
    serve.add_argument("--cdn-port", type=int, default=0)
    serve.add_argument("--world", choices=[*WORLDS, "generated"], default="demo")
    serve.add_argument("--profiles", type=int, default=3, help="size of the generated world")
    serve.add_argument("--posts-per-profile", type=int, default=20)
    serve.add_argument("--token", default="simulator-token")
    serve.add_argument("--url-lifetime-seconds", type=int, default=FOUR_DAYS)
    for command in (serve, commands.add_parser("cdn", help="serve only the CDN")):
        command.add_argument("--port", type=int, default=0, help="0: any free port")
        command.add_argument("--seed", default="1")
        command.add_argument("--first-byte-delay-ms", type=float, default=0.0)
        command.add_argument(
            "--stop-with-stdin", action="store_true", help="exit when standard input closes"
        )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

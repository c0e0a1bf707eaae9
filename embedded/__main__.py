"""`python -m embedded`: the commands behind `./dev demo`, `serve`, `manage` and `test`.

serve              your own archive until Ctrl-C
demo [--exit]      three simulated profiles, archived and served; --exit: archived only
manage WORDS…      a manage.py command with the services of the data folder
run COMMAND…       any command with the services of the data folder
scratch COMMAND…   any command with empty, throw-away services
test COMMAND…      the same with the tests' tables, or with the services of the tests if they run
services [stop]    the services of the tests until Ctrl-C; stop: end them
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from embedded import demo, processes, serve, supervisor, testing
from embedded.errors import CannotRun, ServiceFailed
from embedded.folder import Folder

INTERRUPTED = 130
TEMPORARY = {"scratch": supervisor.run_with_throw_away_services, "test": testing.run}


def own_folder() -> Folder:
    return Folder(Path(os.environ.get("INSTARCHIVER_DATA") or ".local"))


def perform(words: Sequence[str]) -> int:
    """Run a command and return its exit status. Raises CannotRun for an unknown command."""
    match words:
        case ["serve", *options]:
            usage("serve", "Serve your own archive until Ctrl-C.").parse_args(options)
            return serve.serve(own_folder())
        case ["demo", *options]:
            return demonstrate(options)
        case ["manage", *command]:
            return serve.manage(own_folder(), command)
        case ["run", _, *_]:
            return supervisor.run(own_folder(), words[1:])
        case ["scratch" | "test" as kind, _, *_]:
            processes.follow_parent()
            return TEMPORARY[kind](words[1:])
        case ["services", *options]:
            return keep_services(options)
        case _:
            raise CannotRun(f"{__doc__}")


def demonstrate(options: Sequence[str]) -> int:
    parser = usage("demo", "Archive three simulated profiles, and serve them until Ctrl-C.")
    parser.add_argument("--exit", action="store_true", help="archive only; 0: all was stored")
    return demo.show_and_exit() if parser.parse_args(options).exit else demo.show()


def keep_services(options: Sequence[str]) -> int:
    parser = usage("services", "Keep the services of the tests up until Ctrl-C.")
    parser.add_argument("action", nargs="?", choices=["stop"], help="end them, wherever they run")
    return testing.stop() if parser.parse_args(options).action else testing.serve()


def usage(recipe: str, purpose: str) -> argparse.ArgumentParser:
    """Return a parser with --help only. Unknown options end the process with status 2."""
    return argparse.ArgumentParser(f"./dev {recipe}", description=purpose, allow_abbrev=False)


def main(words: Sequence[str]) -> int:
    """Run a command and return its exit status. Errors are printed to standard error."""
    supervisor.interrupt_on_stop_signals()
    try:
        return perform(words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except CannotRun as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ServiceFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

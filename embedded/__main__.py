"""`python -m embedded`: the commands behind `./dev demo`, `serve`, `manage` and `test`.

serve              your own archive until Ctrl-C
demo [--exit]      three simulated profiles, archived and served; --exit: archived only
manage WORDS…      a manage.py command with the services of the data folder
run COMMAND…       any command with the services of the data folder
scratch COMMAND…   any command with empty, throw-away services
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from embedded import demo, processes, serve, supervisor
from embedded.errors import CannotRun, ServiceFailed
from embedded.folder import Folder

INTERRUPTED = 130


def own_folder() -> Folder:
    """The data folder of everything but the demo."""
    return Folder(Path(os.environ.get("INSTARCHIVER_DATA") or ".local"))


def perform(words: Sequence[str]) -> int:
    """Do what the words say; return the exit status. CannotRun when they say nothing."""
    match words:
        case ["serve"]:
            return serve.serve(own_folder())
        case ["demo"]:
            return demo.show()
        case ["demo", "--exit"]:
            return demo.show_and_exit()
        case ["manage", *command]:
            return serve.manage(own_folder(), command)
        case ["run", _, *_]:
            return supervisor.run(own_folder(), words[1:])
        case ["scratch", _, *_]:
            return supervisor.run_with_throw_away_services(words[1:])
        case _:
            raise CannotRun(f"{__doc__}")


def main(words: Sequence[str]) -> int:
    """Run until the end or a signal; say on standard error what went wrong."""
    supervisor.interrupt_on_stop_signals()
    processes.follow_parent()
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

"""The programs of a local Instarchiver: web, worker and beat, on the services of a supervisor."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

from embedded import ports, processes
from embedded.errors import CannotRun, ServiceFailed
from embedded.processes import Program
from embedded.supervisor import Supervisor

SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Children and queues of each worker. What takes long has no place beside what cannot wait.
WORKERS = {
    "worker": ("2", "stories,default"),
    "archiver": ("2", "archive,downloads"),
    "curator": ("2", "files"),
}
WEB_THREADS = "8"
WEB_GRACE = "3"  # a process that is asked to stop while it starts does not hear it
# Gunicorn would believe X-Forwarded-Proto of everything on this machine. Whether a proxy stands in
# front is said by TRUSTED_PROXIES alone, which Django reads.
TRUSTS_NO_PEER = ("--forwarded-allow-ips", "")
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "config.settings.local",
    "REMAP_SIGTERM": "SIGQUIT",  # Celery then hands unfinished tasks back instead of ending them
}


def start(
    owner: Supervisor, listener: socket.socket, *, stop_worker: signal.Signals = signal.SIGTERM
) -> None:
    """Bring the tables up to date and start all programs, which work some seconds later."""
    require_broker(owner.environment["REDIS_URL"])
    migrate(owner)
    owner.publish()
    start_web(owner, listener)
    start_workers(owner, stop_worker=stop_worker)


def migrate(owner: Supervisor) -> None:
    """Bring tables and schedules up to date. The developer's own variables stay as they are."""
    owner.environment = {**ENVIRONMENT, **owner.environment}
    manage(owner, "migrate", "--no-input")


def manage(owner: Supervisor, *arguments: str) -> str:
    """Run one of Django's commands, return what it printed. When it fails, that is the error."""
    done = subprocess.run(  # noqa: S603  our own command lines
        [sys.executable, "manage.py", *arguments],
        env=owner.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == 2:  # wrong environment, unreachable database
        raise CannotRun(done.stdout.strip())
    if done.returncode:
        raise ServiceFailed(f"manage.py {arguments[0]} failed:\n{done.stdout}")
    return done.stdout.strip()


def start_web(owner: Supervisor, listener: socket.socket) -> None:
    """Start the web server on a port that we have taken already, so that nobody else can."""
    number = listener.fileno()
    owner.start(Program("web", web(number), keep_open=(*owner.keep_open, number)))


def web(listener: int, application: str = "config.wsgi") -> list[str]:
    """The command line of the web server on an open socket, by its file descriptor."""
    size = ("--worker-class", "gthread", "--workers", "2", "--threads", WEB_THREADS)
    options = (*size, "--graceful-timeout", WEB_GRACE, "--no-control-socket", *TRUSTS_NO_PEER)
    return python("gunicorn", application, "--bind", f"fd://{listener}", *options)


def start_workers(owner: Supervisor, *, stop_worker: signal.Signals = signal.SIGTERM) -> None:
    """Start the workers and the scheduler."""
    for name, (children, queues) in WORKERS.items():
        options = ("--hostname", f"{name}@%h", "--concurrency", children, "-Q", queues)
        # Without its broker a worker would try for minutes to hand back what PostgreSQL has anyway.
        owner.start(
            Program(
                name,
                celery("worker", *options),
                stop_signal=stop_worker,
                orphan_signal=signal.SIGKILL,
                keep_open=owner.keep_open,
            )
        )
    beat = celery("beat", "--scheduler", SCHEDULER)
    owner.start(Program("beat", beat, keep_open=owner.keep_open))


def require_broker(address: str) -> None:
    """CannotRun where no Redis is: programs would wait for it without a word."""
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 6379), timeout=5).close()
    except OSError as error:
        raise CannotRun(
            f"REDIS_URL: no Redis at {parts.hostname}:{parts.port or 6379}: "
            f"{error.strerror or error}. Start it, or leave REDIS_URL unset for the embedded one."
        ) from error


def celery(program: str, *options: str) -> list[str]:
    """The command line of one of Celery's programs."""
    return python("celery", "-A", "config.celery_app", program, "--loglevel", "WARNING", *options)


def python(module: str, *arguments: str) -> list[str]:
    """The command line of an installed module."""
    return [sys.executable, "-m", module, *arguments]


def wait_for_web(owner: Supervisor, port: int) -> None:
    """Return once the web server answers. Our open port alone says nothing: it queues."""
    if not processes.eventually(lambda: answers(port), seconds=60, meanwhile=owner.tend):
        raise ServiceFailed(f"The web server does not answer; see {owner.folder.log('web')}")


def answers(port: int) -> bool:
    """Tell whether a request is answered, with whatever status."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=30)
    try:
        connection.request("GET", "/health/")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True

"""The programs of a local Instarchiver: web server, workers and beat, run by a supervisor."""

from __future__ import annotations

import http.client
import signal
import socket
import sys
import tempfile
from urllib.parse import urlsplit

from embedded import forks, ports, processes
from embedded.errors import CannotRun, ServiceFailed
from embedded.processes import Program
from embedded.supervisor import Supervisor

SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Child processes and queues of each worker. Long tasks and urgent tasks get different workers.
WORKERS = {
    "worker": ("2", "stories,default"),
    "archiver": ("2", "archive,downloads"),
    "curator": ("2", "files"),
}
WEB_THREADS = "158"  # the defaults of WEB_THREADS and EVENT_STREAMS together
WEB_GRACE = "3"  # seconds; a process that is still starting ignores a stop signal
# Gunicorn would trust X-Forwarded-Proto of every local client. Only TRUSTED_PROXIES, which Django
# reads, defines the trusted proxies.
TRUSTS_NO_PEER = ("--forwarded-allow-ips", "")
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "config.settings.local",
    "SKIP_CHECKS": "true",  # `migrate` has run them, and they touch all shared memory
    "REMAP_SIGTERM": "SIGQUIT",  # Celery then requeues unfinished tasks instead of stopping them.
}


def start(
    owner: Supervisor, listener: socket.socket, *, stop_worker: signal.Signals = signal.SIGTERM
) -> None:
    """Migrate the database and start all programs, which need some seconds to become ready."""
    require_broker(owner.environment["REDIS_URL"])
    load(owner)
    migrate(owner)
    owner.publish()
    start_web(owner, listener)
    start_workers(owner, stop_worker=stop_worker)


def load(owner: Supervisor) -> None:
    """Load the modules of all programs into this process, from which they are forked."""
    owner.environment = {**ENVIRONMENT, **owner.environment}
    forks.preload(owner.environment)


def migrate(owner: Supervisor) -> None:
    """Migrate tables and schedules."""
    manage(owner, "migrate", "--no-input")


def manage(owner: Supervisor, *arguments: str) -> str:
    """Run a Django command and return its output. If it fails, the error contains the output."""
    with tempfile.TemporaryFile() as file:
        command = [sys.executable, "manage.py", *arguments]
        status = forks.fork(command, environment=owner.environment, output=file.fileno()).wait()
        file.seek(0)
        output = file.read().decode(errors="replace").strip()
    if status == 2:  # invalid environment or unreachable database
        raise CannotRun(output)
    if status:
        raise ServiceFailed(f"manage.py {arguments[0]} failed:\n{output}")
    return output


def start_web(owner: Supervisor, listener: socket.socket) -> None:
    """Start the web server on a socket that is already bound, so that the port is ours."""
    number = listener.fileno()
    owner.start(Program("web", web(number), keep_open=(*owner.keep_open, number), is_forked=True))


def web(listener: int, application: str = "config.wsgi") -> list[str]:
    """The command line of the web server for the file descriptor of an open socket."""
    size = ("--worker-class", "gthread", "--workers", "2", "--threads", WEB_THREADS)
    options = (*size, "--graceful-timeout", WEB_GRACE, "--no-control-socket", *TRUSTS_NO_PEER)
    return python("gunicorn", application, "--bind", f"fd://{listener}", *options)


def start_workers(owner: Supervisor, *, stop_worker: signal.Signals = signal.SIGTERM) -> None:
    for name, (children, queues) in WORKERS.items():
        options = ("--hostname", f"{name}@%h", "--concurrency", children, "-Q", queues)
        # Without its broker a worker would retry for minutes to requeue tasks that PostgreSQL has
        # anyway.
        owner.start(
            Program(
                name,
                celery("worker", "--loglevel", "INFO", *options),
                stop_signal=stop_worker,
                orphan_signal=signal.SIGKILL,
                keep_open=owner.keep_open,
                is_forked=True,
            )
        )
    # At INFO it logs each message that it sends, several every 15 seconds.
    beat = celery("beat", "--loglevel", "WARNING", "--scheduler", SCHEDULER)
    owner.start(Program("beat", beat, keep_open=owner.keep_open, is_forked=True))


def require_broker(address: str) -> None:
    """Raise CannotRun if Redis is unreachable; the programs would wait for it silently."""
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 6379), timeout=5).close()
    except OSError as error:
        raise CannotRun(
            f"REDIS_URL: no Redis at {parts.hostname}:{parts.port or 6379}: "
            f"{error.strerror or error}. Start it, or leave REDIS_URL unset for the embedded one."
        ) from error


def celery(program: str, *options: str) -> list[str]:
    return python("celery", "-A", "config.celery_app", program, *options)


def python(module: str, *arguments: str) -> list[str]:
    """The command line of an installed Python module."""
    return [sys.executable, "-m", module, *arguments]


def wait_for_web(owner: Supervisor, port: int) -> None:
    """Wait until the web server answers. An open port may only queue connections."""
    if not processes.eventually(lambda: answers(port), seconds=60, meanwhile=owner.tend):
        raise ServiceFailed(f"The web server does not answer; see {owner.folder.log('web')}")


def answers(port: int) -> bool:
    """Whether a request is answered, with any status."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=30)
    try:
        connection.request("GET", "/health/")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True

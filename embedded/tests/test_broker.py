"""A worker whose Redis changes its state, as in a failover."""

from __future__ import annotations

import pytest

from embedded.tests.conftest import Runner

pytestmark = pytest.mark.slow

PRELUDE = """
import os, signal, subprocess, sys, time
import django, redis
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.local"
django.setup()
from config.celery_app import app
from core.tasks import send
server = redis.Redis.from_url(os.environ["REDIS_URL"])

def wait_until(fact):
    deadline = time.monotonic() + 40
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.1)

def is_read():
    "Whether a worker waits for messages."
    return server.info("clients")["blocked_clients"] > 0
"""
WORKER = """
command = [sys.executable, "-m", "celery", "-A", "config.celery_app", "worker",
           "-Q", "files", "--concurrency", "1", "--loglevel", "ERROR"]
worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          start_new_session=True)
wait_until(is_read)
{break_it}
wait_until(lambda: not is_read())
send("files.unknown", queue="files")
time.sleep(1)
print("lives" if worker.poll() is None else "ended")
{mend_it}
server.delete("files")
wait_until(is_read)
send("files.unknown", queue="files")
wait_until(lambda: server.llen("files") == 0)
print("reads")
os.killpg(worker.pid, signal.SIGKILL)
"""
STATES = {
    "a replica": (
        'server.execute_command("REPLICAOF", "127.0.0.1", "1")',
        'server.execute_command("REPLICAOF", "NO", "ONE")',
    ),
    "full": (
        'server.config_set("maxmemory", 1); server.client_kill_filter(_type="normal", skipme=True)',
        'server.config_set("maxmemory", 0)',
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_a_worker_outlives_a_redis_that_takes_no_writes(runner: Runner, state: str) -> None:
    break_it, mend_it = STATES[state]

    result = runner.python(PRELUDE + WORKER.format(break_it=break_it, mend_it=mend_it))

    assert result.stdout.split()[-2:] == ["lives", "reads"]

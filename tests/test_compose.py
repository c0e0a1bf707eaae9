"""The Compose files are valid, and keep the promises of docs/operations.md."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.conf import settings

from config import env
from tests.support import compose
from tests.support.compose import FILES, LOCAL, PRODUCTION, Service
from tests.support.sources import ROOT

STARTS = ROOT / "compose/production/django/start"
EVERY = pytest.mark.parametrize(("file", "name", "service"), list(compose.every_service()))


class Recorder(dict[str, str]):
    """An empty environment that records the names that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.append(key)
        return default


def known_variables() -> list[str]:
    recorder = Recorder()
    env.read(recorder)
    return recorder.asked


@pytest.mark.parametrize("file", FILES)
def test_the_file_follows_the_schema(file: str) -> None:
    schema = jsonschema.Draft202012Validator(compose.SCHEMA)

    assert list(schema.iter_errors(compose.read(file))) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("healthchek", {"test": ["CMD", "true"]}),
        ("ports", ["0.0.0.0:80:80"]),
        ("stop_grace_period", "20"),
        ("restart", "sometimes"),
        ("command", "a shell line"),
    ],
)
def test_the_schema_finds_a_mistake(key: str, value: object) -> None:
    wrong = copy.deepcopy(compose.read(PRODUCTION))
    wrong["services"]["django"][key] = value

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(compose.SCHEMA).validate(wrong)


@EVERY
def test_a_service_refers_only_to_declared_names(file: str, name: str, service: Service) -> None:
    whole = compose.read(file)
    sources = [volume.split(":")[0] for volume in service.get("volumes", [])]
    named = {source for source in sources if source.isidentifier()}

    assert set(service.get("depends_on", ())) <= {*whole["services"]} - {name}
    assert set(service.get("networks", ())) <= {*whole.get("networks", ())}
    assert named <= {*whole["volumes"]}


@EVERY
def test_every_image_is_pinned(file: str, name: str, service: Service) -> None:
    dockerfile = compose.dockerfiles(file).get(service["image"])
    images = compose.base_images(dockerfile) if dockerfile else [service["image"]]

    assert images
    assert all(compose.EXACT_TAG.search(image) for image in images), (file, name, images)


@pytest.mark.parametrize("file", FILES)
def test_the_image_is_built_once_and_never_fetched(file: str) -> None:
    (image,) = compose.dockerfiles(file)
    users = [each for each in compose.services(file).values() if each["image"] == image]

    assert sum("build" in each for each in users) == 1
    assert all(each["pull_policy"] == "never" for each in users)


@pytest.mark.parametrize("image", ["postgres", "postgres:latest", "postgres:17", "nginx:stable"])
def test_a_floating_tag_is_no_pin(image: str) -> None:
    assert not compose.EXACT_TAG.search(image)


@EVERY
def test_no_service_runs_as_root(file: str, name: str, service: Service) -> None:
    dockerfile = compose.dockerfiles(file).get(service["image"])
    user = compose.last_user(dockerfile) if dockerfile else service["user"]

    assert user.split(":")[0] not in {"0", "root"}, (file, name)


@EVERY
def test_the_environment_files_are_there(file: str, name: str, service: Service) -> None:
    files = [
        path.replace("production/", "production.example/") for path in service.get("env_file", ())
    ]

    assert all((ROOT / path).is_file() for path in files), (file, name)


@EVERY
def test_every_service_that_stays_has_a_healthcheck(file: str, name: str, service: Service) -> None:
    assert name == "migrate" or "healthcheck" in service, file


@EVERY
def test_a_service_that_ends_is_started_again(file: str, name: str, service: Service) -> None:
    restart = {"migrate": "no", "mailpit": None}.get(name, "unless-stopped")

    assert service.get("restart") == restart, file


@pytest.mark.parametrize("name", compose.services(PRODUCTION))
def test_production_is_hardened(name: str) -> None:
    service = compose.services(PRODUCTION)[name]

    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_nginx_publishes_ports_in_production() -> None:
    opened = {name for name, each in compose.services(PRODUCTION).items() if "ports" in each}

    assert opened == {"nginx"}


def test_local_ports_listen_on_the_loopback_address_only() -> None:
    ports = [port for each in compose.services(LOCAL).values() for port in each.get("ports", ())]

    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_data_services_cannot_reach_the_internet() -> None:
    whole = compose.read(PRODUCTION)

    closed = {name for name, network in whole["networks"].items() if network.get("internal")}
    for name in ("postgres", "redis", "beat"):
        assert set(whole["services"][name]["networks"]) <= closed


@pytest.mark.parametrize("file", FILES)
def test_the_workers_together_take_every_queue(file: str) -> None:
    taken = {queue for queues in compose.workers(file).values() for queue in queues}
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}

    assert taken == set(settings.QUEUES)
    assert routed | {settings.CELERY_TASK_DEFAULT_QUEUE} <= taken


@pytest.mark.parametrize("file", FILES)
def test_no_worker_takes_both_urgent_and_long_tasks(file: str) -> None:
    urgent = {"stories", settings.CELERY_TASK_DEFAULT_QUEUE}

    for name, queues in compose.workers(file).items():
        assert not (queues & urgent and queues & {"archive", "downloads", "files"}), name


def test_the_operators_guide_names_the_queues_of_every_worker() -> None:
    guide = (ROOT / "docs/operations.md").read_text()
    rows = [line for line in guide.splitlines() if line.startswith("| `")]

    for name, queues in compose.workers(PRODUCTION).items():
        row = next(row for row in rows if row.startswith(f"| `{name}` | queue"))
        assert all(f"`{queue}`" in row for queue in queues), name


@EVERY
def test_a_worker_has_time_for_its_soft_shutdown(file: str, name: str, service: Service) -> None:
    if any(word.endswith("/worker") for word in service.get("command", ())):
        grace = compose.seconds(service["stop_grace_period"])
        assert grace > 2 * settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT, (file, name)
        assert "REMAP_SIGTERM=SIGQUIT" in compose.dockerfiles(file)[service["image"]]


def test_there_is_one_beat() -> None:
    beats = [name for name in compose.services(PRODUCTION) if "beat" in name]

    assert beats == ["beat"]


def test_the_production_image_leaves_the_development_tools_out() -> None:
    (text,) = compose.dockerfiles(PRODUCTION).values()

    assert "COPY . " not in text
    assert not any(f"COPY {tool}" in text for tool in ("embedded", "lab"))
    assert "requirements-dev.txt" not in text


def test_the_production_image_holds_every_app() -> None:
    (text,) = compose.dockerfiles(PRODUCTION).values()
    ours = {
        app.split(".")[0] for app in settings.INSTALLED_APPS if (ROOT / app.split(".")[0]).is_dir()
    } - {"tests"}  # the toy feature

    assert {app for app in ours if f"COPY {app} {app}\n" in text} == ours


@pytest.mark.slow
def test_the_production_image_can_collect_its_static_files(tmp_path: Path) -> None:
    (text,) = compose.dockerfiles(PRODUCTION).values()
    command = "python manage.py collectstatic --no-input"
    for name in {*compose.copied(text)} - {"manage.py"}:
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(
        ROOT / "manage.py", tmp_path
    )  # a linked script would import from the folder of its target

    done = subprocess.run(  # noqa: S603  the words of our own Dockerfile
        [sys.executable, *command.split()[1:], "--dry-run"],
        cwd=tmp_path,
        env={
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            **compose.variables_of(command, text),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("dockerfile", sorted(ROOT.glob("compose/*/django/Dockerfile")))
def test_installed_packages_are_checked_by_hash(dockerfile: Any) -> None:
    assert "--require-hashes" in dockerfile.read_text()


@pytest.mark.parametrize("script", [path for path in STARTS.iterdir() if path.name != "web-works"])
def test_a_start_script_is_valid_and_executable(script: Any) -> None:
    parsed = subprocess.run(["sh", "-n", script], check=False)  # noqa: S603, S607  our own script

    assert parsed.returncode == 0
    assert script.stat().st_mode & 0o111


@EVERY
def test_every_start_script_exists(file: str, name: str, service: Service) -> None:
    words = [*service.get("command", ()), *service.get("healthcheck", {}).get("test", ())]
    scripts = [word.rpartition("/start/")[2] for word in words if "/start/" in word]

    assert all((STARTS / script).is_file() for script in scripts), (file, name)


def test_nginx_sends_files_where_django_points() -> None:
    configuration = (ROOT / "compose/production/nginx/nginx.conf").read_text()
    prefix = compose.variables(ROOT / ".envs/.production.example/.django")["MEDIA_REDIRECT_PREFIX"]

    assert f"location {prefix}/ {{\n            internal;" in configuration


def test_nginx_resolves_the_web_service_again_every_five_seconds() -> None:
    configuration = (ROOT / "compose/production/nginx/nginx.conf").read_text()

    assert "resolver 127.0.0.11 valid=5s;" in configuration
    assert re.findall(r"proxy_pass (\S+);", configuration) == ["$web"]


@pytest.mark.parametrize("folder", [".local", ".production.example"])
def test_the_environment_files_set_only_what_is_read(folder: str) -> None:
    given = compose.variables(ROOT / ".envs" / folder / ".django")

    assert given.keys() - {"DJANGO_SETTINGS_MODULE"} <= {*known_variables()}


@pytest.mark.parametrize("folder", [".local", ".production.example"])
def test_the_environment_files_can_be_read(folder: str) -> None:
    given = compose.variables(ROOT / ".envs" / folder / ".django")

    assert env.read(given).database_url == given["DATABASE_URL"]


def test_the_examples_hold_no_secret() -> None:
    folder = ROOT / ".envs/.production.example"
    django, postgres = (compose.variables(folder / name) for name in (".django", ".postgres"))

    secrets = ("DJANGO_SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "CORE_API_TOKEN", "EMAIL_URL")
    assert {django[name] for name in secrets} | {postgres["POSTGRES_PASSWORD"]} == {""}


def test_the_operators_guide_names_every_variable() -> None:
    guide = (ROOT / "docs/operations.md").read_text()

    assert [name for name in known_variables() if f"`{name}`" not in guide] == []

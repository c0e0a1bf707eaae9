"""The command line of `./dev bench`."""

from __future__ import annotations

import importlib.util

import pytest

from lab.benchmarks import __main__ as command


def test_an_unknown_benchmark_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["speed"])

    assert ended.value.code == 2
    assert "no benchmark 'speed'; one of archive, large" in capsys.readouterr().err


@pytest.mark.parametrize("name", command.MEASUREMENTS)
def test_every_listed_benchmark_is_a_module(name: str) -> None:
    assert importlib.util.find_spec(command.module(name)) is not None

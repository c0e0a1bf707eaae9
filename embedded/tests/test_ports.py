"""Which port the web server uses."""

from __future__ import annotations

import pytest

from embedded import ports
from embedded.errors import CannotRun


def test_a_wanted_port_is_taken_exactly() -> None:
    wanted = ports.any_free()

    with ports.web_listener(str(wanted)) as listener:
        assert ports.port_of(listener) == wanted


def test_a_wanted_port_that_is_taken_is_an_error() -> None:
    with ports.listen(0) as other, pytest.raises(CannotRun, match="leave PORT unset"):
        ports.web_listener(str(ports.port_of(other)))


@pytest.mark.parametrize("words", ["eighty", "0", "70000", "-1"])
def test_an_invalid_port_is_an_error(words: str) -> None:
    with pytest.raises(CannotRun, match="not a port number"):
        ports.web_listener(words)


def test_the_next_port_follows_a_taken_one() -> None:
    with ports.listen(0) as other, ports.listen_from(ports.port_of(other)) as listener:
        assert ports.port_of(listener) > ports.port_of(other)


def test_the_default_port_is_8000_or_the_next_free_one() -> None:
    with ports.web_listener("") as listener:
        assert ports.port_of(listener) >= ports.DEFAULT


def test_other_machines_cannot_connect() -> None:
    with ports.web_listener("") as listener:
        assert listener.getsockname()[0] == "127.0.0.1"

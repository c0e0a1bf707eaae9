"""Runs the nginx of production on free ports in front of another web service."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from embedded import ports
from embedded.processes import eventually
from tests.support import outside
from tests.support.sources import ROOT

FOLDER = ROOT / "compose/production/nginx"
# nginx started by root reads files as another user, who has no right to the files of a test.
OPTIONS = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"


@dataclass(frozen=True)
class Answer:
    """An answer with its headers as they came: in order, and repeated ones too."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(frozen=True)
class Nginx:
    """A running nginx: its ports for plain HTTP and for TLS."""

    plain: int
    encrypted: int

    def get(
        self, path: str = "/", *, host: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """GET over plain HTTP. Raises ConnectionResetError if nginx does not answer."""
        connection = http.client.HTTPConnection(ports.LOOPBACK, self.plain, timeout=20)
        return _answer(connection, path, {"Host": host, **(headers or {})})

    def get_encrypted(
        self,
        path: str = "/",
        *,
        host: str,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """GET over TLS. `name` is the server name of the handshake, `host` by default."""
        connection = http.client.HTTPConnection(ports.LOOPBACK, self.encrypted)
        connection.sock = self._encrypted(name or host)
        return _answer(connection, path, {"Host": host, **(headers or {})})

    def flood(self, count: int, *, host: str) -> bytes:
        """Send `count` requests at once on one connection, and return all that comes back."""
        request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"
        last = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        with self._encrypted(host) as connection, connection.makefile("rb") as answers:
            connection.sendall((request * (count - 1) + last).encode())
            return answers.read()

    def _encrypted(self, name: str) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection((ports.LOOPBACK, self.encrypted), timeout=20)
        try:
            return context.wrap_socket(raw, server_hostname=name)
        except ssl.SSLError:
            raw.close()
            raise


def _answer(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> Answer:
    with closing(connection):
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())


def require() -> str:
    """The path of nginx. Call it before starting anything: without nginx it skips the test."""
    return outside.require_program("nginx", package="nginx-light")


@contextmanager
def running(folder: Path, *, upstream: str, names: str) -> Iterator[Nginx]:
    """Run nginx with the configuration of production in front of `upstream`, an `address:port`.

    nginx's own files are in `folder`, those that Django points to in `folder/media`.
    """
    program = require()
    (folder / "media").mkdir()
    _certify(folder)
    subprocess.run(  # noqa: S603  our own script
        [FOLDER / "server-names.sh"],
        env={"DJANGO_ALLOWED_HOSTS": names, "SERVER_NAMES_FILE": f"{folder}/server_names.conf"},
        check=True,
    )
    nginx = Nginx(_free_port(), _free_port())
    text = _placed(folder, nginx, upstream)
    (folder / "nginx.conf").write_text(text)
    log = folder / "errors.log"
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603  our own command line
            [program, "-c", folder / "nginx.conf", "-g", OPTIONS], stderr=errors
        )
    try:
        assert eventually(lambda: _listens(nginx.encrypted), seconds=10), log.read_text()
        yield nginx
    finally:
        process.terminate()
        process.wait(timeout=10)


def _placed(folder: Path, nginx: Nginx, upstream: str) -> str:
    """The configuration of production with this machine's paths and addresses."""
    text = (FOLDER / "nginx.conf").read_text()
    replacements = {
        "/tmp/": f"{folder}/",  # noqa: S108  in the container
        "listen 8080": f"listen {ports.LOOPBACK}:{nginx.plain}",
        "listen 8443": f"listen {ports.LOOPBACK}:{nginx.encrypted}",
        "http://django:8000": f"http://{upstream}",
        "resolver 127.0.0.11 valid=5s;": "",
        "http2 on;": "",  # Debian's nginx does not know it
        "/data/media/": f"{folder}/media/",
        "/certificates": str(folder),
        "/dev/stdout": f"{folder}/access.log",
    }
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def _certify(folder: Path) -> None:
    """Write a certificate for one day, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "archive.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _free_port() -> int:
    with ports.listen(0) as listener:
        return ports.port_of(listener)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((ports.LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True

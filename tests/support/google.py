"""A stand-in of Google's hosts on the loopback address, with real keys, certificates and TLS.

It is a proxy: a process with `environment()` reaches it under Google's own names.
"""

from __future__ import annotations

import datetime as dt
import json
import ssl
import threading
import time
from collections.abc import Sequence
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

HOSTS = ("www.googleapis.com", "identitytoolkit.googleapis.com", "oauth2.googleapis.com")
CERTIFICATES = "/robot/v1/metadata/"
Key = rsa.RSAPrivateKey


@cache
def new_key(name: str) -> Key:
    """A key of that name. Making one takes a while, so each is made once a process."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def certificate(
    name: str, key: Key, *, issuer: x509.Certificate | None = None, hosts: Sequence[str] = ()
) -> x509.Certificate:
    """A certificate signed by the key "authority", of an authority itself without an issuer."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    authority = new_key("authority")
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),
            critical=False,
        )
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority, hashes.SHA256())


def service_account(project: str = "archive-test") -> str:
    """The JSON of a service account of the project."""
    facts = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "1",
        "private_key": private_pem(new_key("service")).decode(),
        "client_email": f"archive@{project}.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps(facts)


class GoogleStandIn:
    """The hosts for keys, users and access tokens. As a context manager it serves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key_ids = ["first"]
        self.users: dict[str, dict[str, Any]] = {}
        self.fetched_certificates = 0
        root = certificate("authority", new_key("authority"))
        leaf = certificate("leaf", new_key("leaf"), issuer=root, hosts=HOSTS)
        pem = serialization.Encoding.PEM
        (folder / "authority.pem").write_bytes(root.public_bytes(pem))
        (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem) + private_pem(new_key("leaf")))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / "leaf.pem")

        self.connections: list[ssl.SSLSocket] = []

    def __enter__(self) -> Self:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        for each in self.connections:  # that a client of the test's own process keeps open
            each.close()

    def environment(self) -> dict[str, str]:
        """What leads a process to this server instead of Google."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.server.server_port}",
            "REQUESTS_CA_BUNDLE": str(self.folder / "authority.pem"),
        }

    def token(self, uid: str, *, key_id: str = "first", **claims: Any) -> str:
        """An ID token of the user, signed by the key of that id, known to the hosts or not."""
        now = int(time.time())
        project = claims.pop("project", "archive-test")
        payload = {
            "iss": f"https://securetoken.google.com/{project}",
            "aud": project,
            "auth_time": now - 10,
            "sub": uid,
            "iat": now - 10,
            "exp": now + 3600,
            "email": f"{uid}@example.org",
            "email_verified": True,
            "firebase": {"sign_in_provider": "google.com", "identities": {}},
            **claims,
        }
        return jwt.encode(payload, new_key(key_id), algorithm="RS256", headers={"kid": key_id})

    def add_user(self, uid: str, **facts: Any) -> None:
        """Add a user, or change one. `disabled` and `validSince` are as Google names them."""
        self.users[uid] = {"localId": uid, "email": f"{uid}@example.org", **facts}

    def answer(self, path: str, body: bytes) -> dict[str, Any]:
        """The JSON that the hosts answer."""
        if path.startswith(CERTIFICATES):
            self.fetched_certificates += 1
            pem = serialization.Encoding.PEM
            return {
                each: certificate(each, new_key(each)).public_bytes(pem).decode()
                for each in self.key_ids
            }
        if path.endswith("/token"):
            return {"access_token": "access", "expires_in": 3600, "token_type": "Bearer"}
        wanted = json.loads(body).get("localId", [])
        return {"users": [self.users[each] for each in wanted if each in self.users]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        google = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Print nothing."""

            def do_CONNECT(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.connection = google.tls.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb", 0)
                self.close_connection = False
                google.connections.append(self.connection)

            def finish(self) -> None:
                super().finish()
                self.connection.close()  # the server knows the socket below only

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                answer = json.dumps(google.answer(self.path, body)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Cache-Control", "public, max-age=3600, must-revalidate")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET  # noqa: N815  http.server's name

        return Handler

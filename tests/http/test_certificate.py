"""A server that asks for our certificate gets it, on connections of our own; what is wrong with it is one sentence."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from goldbridge.clock import Clock
from goldbridge.errors import GoldbridgeError, Misconfigured
from goldbridge.http import Certificate, Client, HttpFactory
from tests.http.server import Server, answer

PASSWORD = "key-password"


class Files(NamedTuple):
    public: Path
    private: Path


def made(folder: Path, name: str, password: str = "") -> Files:
    """A self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = Files(folder / f"{name}.pem", folder / f"{name}.key")
    files.public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    locked = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    files.private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    return files


def asking(server: Files, trusted: Files) -> ssl.SSLContext:
    """A server that lets in whoever shows the trusted certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.public, server.private)
    context.load_verify_locations(trusted.public)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client(server: Server, authority: Files, certificate: Certificate | None) -> Client:
    factory = HttpFactory(Clock(), draw=lambda: 0.0, ca_file=authority.public)
    return factory.client(system="bank", base_url=server.url, timeout_s=10.0, certificate=certificate)


@pytest.mark.parametrize("password", ["", PASSWORD])
def test_who_shows_the_certificate_is_let_in(tmp_path: Path, password: str) -> None:
    server, ours = made(tmp_path, "server"), made(tmp_path, "ours", password)
    with Server(answer({"a": 1}), context=asking(server, ours)) as bank:
        shown = Certificate(ours.public, ours.private, password)
        assert client(bank, server, shown).get("/x").data == {"a": 1}


def test_one_file_may_hold_both(tmp_path: Path) -> None:
    server, ours = made(tmp_path, "server"), made(tmp_path, "ours")
    both = tmp_path / "both.pem"
    both.write_bytes(ours.public.read_bytes() + ours.private.read_bytes())
    with Server(answer({"a": 1}), context=asking(server, ours)) as bank:
        assert client(bank, server, Certificate(both)).get("/x").data == {"a": 1}


@pytest.mark.parametrize("shown", ["none", "another"])
def test_who_shows_none_or_another_hears_why(tmp_path: Path, shown: str) -> None:
    server, ours, other = (made(tmp_path, name) for name in ("server", "ours", "other"))
    certificate = Certificate(other.public, other.private) if shown == "another" else None
    with Server(answer({}), context=asking(server, ours)) as bank:
        with pytest.raises(GoldbridgeError) as caught:
            client(bank, server, certificate).get("/x")
        assert bank.requests == []
    assert isinstance(caught.value, Misconfigured)
    assert str(caught.value).startswith(
        "config/sources.yaml: CON327 bank: 127.0.0.1 does not let us in without a certificate that it accepts ("
    )


def test_connections_with_and_without_it_are_never_mixed(tmp_path: Path) -> None:
    server, ours = made(tmp_path, "server"), made(tmp_path, "ours")
    with Server(answer({}), context=asking(server, ours)) as bank:
        factory = HttpFactory(Clock(), draw=lambda: 0.0, ca_file=server.public)
        shown = Certificate(ours.public, ours.private)
        for _ in range(2):
            factory.client(system="bank", base_url=bank.url, timeout_s=10.0, certificate=shown).get("/x")
        with pytest.raises(Misconfigured):
            factory.client(system="shop", base_url=bank.url, timeout_s=10.0).get("/x")
        factory.close()


def refused(certificate: Certificate) -> str:
    with pytest.raises(Misconfigured) as caught:
        HttpFactory(Clock()).client(system="bank", base_url="https://bank.example", certificate=certificate)
    return str(caught.value)


def test_what_is_wrong_with_the_files_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    ours, other = made(tmp_path, "ours"), made(tmp_path, "other")
    locked = made(tmp_path, "locked", PASSWORD)
    missing = tmp_path / "missing.key"
    assert f"CON326 bank: the certificate file {missing} cannot be read (no such file or directory)" in refused(
        Certificate(ours.public, missing)
    )
    assert "the private key does not belong to the certificate" in refused(Certificate(ours.public, other.private))
    assert "no certificate with its private key can be read from" in refused(Certificate(ours.public))
    for password in ("", "wrong-password"):
        said = refused(Certificate(locked.public, locked.private, password))
        assert "a key with a password needs `password`" in said
        assert "wrong-password" not in said


def test_the_repr_shows_no_password() -> None:
    assert PASSWORD not in repr(Certificate(Path("a"), None, PASSWORD))

"""Proving who we are by a key: what other libraries read of it, and which keys are refused (RFC 7523)."""

import base64
from datetime import timedelta
from hashlib import sha256

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from broker.upstream import KINDS
from broker.upstream.client_assertion import LIFE, make_client_assertion, read_client_key
from broker.upstream.oidc_options import OidcOptions
from tests.peers import signing
from tests.support.clock import START
from tests.support.edge import opened_edge

RSA = signing.rsa_key(3).private
EC = ec.generate_private_key(ec.SECP256R1())
AUDIENCE = "https://idp.example/token"
UNTIMED = ("verify_exp", "verify_nbf", "verify_iat")
BY_KEY = {"issuer": "https://a.example", "client_id": "x", "token_endpoint_auth": "private_key_jwt"}


def pem(key, encryption=None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


def public(key) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate(key, days: int = 365) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(START - timedelta(days=1)).not_valid_after(START + timedelta(days=days))
    return builder.sign(key, hashes.SHA256())


def as_pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def asserted(key, alg, **more) -> str:
    return make_client_assertion(
        client_id="broker", audience=AUDIENCE, private_key_pem=pem(key), alg=alg, now=START, jti="once", **more
    )


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")], ids=["RS256", "PS256", "ES256"])
def test_another_library_reads_who_we_are_to_whom_and_until_when(key, alg):
    token = asserted(key, alg, kid="ours")
    assert jwt.get_unverified_header(token) == {"alg": alg, "typ": "JWT", "kid": "ours"}
    claims = jwt.decode(
        token,
        public(key),
        algorithms=[alg],
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    at = int(START.timestamp())
    times = {"iat": at, "nbf": at, "exp": at + int(LIFE.total_seconds())}
    assert claims == {"iss": "broker", "sub": "broker", "aud": AUDIENCE, "jti": "once", **times}


def test_thumbprint_is_that_of_the_certificate():
    made = certificate(RSA)
    header = jwt.get_unverified_header(asserted(RSA, "PS256", certificate_pem=as_pem(made)))
    digest = sha256(made.public_bytes(Encoding.DER)).digest()
    assert header["x5t#S256"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert read_client_key(pem(RSA), as_pem(made)).not_after == made.not_valid_after_utc


def test_keys_that_cannot_be_are_refused_with_a_sentence_that_shows_nothing():
    cases = {
        "no PEM": ("hidden-value", None),
        "public": (public(RSA), None),
        "passphrase": (pem(RSA, BestAvailableEncryption(b"hidden-value")), None),
        "short": (pem(signing.rsa_key(9, bits=1024).private), None),
        "other curve": (pem(ec.generate_private_key(ec.SECP384R1())), None),
        "other family": (pem(ed25519.Ed25519PrivateKey.generate()), None),
        "no certificate": (pem(RSA), "hidden-value"),
        "certificate of another key": (pem(RSA), as_pem(certificate(EC))),
        "endless": (pem(RSA) + "x" * 20_000, None),
    }
    for name, (key, made) in cases.items():
        with pytest.raises(ValueError, match=r"must|not that|too long") as refused:
            read_client_key(key, made)
        assert "hidden-value" not in str(refused.value), name
        with pytest.raises(ValidationError) as faults:
            OidcOptions(
                issuer="https://a.example",
                client_id="x",
                token_endpoint_auth="private_key_jwt",
                client_key=key,
                client_certificate=made,
            )
        assert "hidden-value" not in faults.value.errors()[0]["msg"], name
    with pytest.raises(ValueError, match="does not fit"):
        asserted(EC, "RS256")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": "x"},
        {"client_key": None},
        {"token_endpoint_auth": "client_secret_basic"},
        {"token_endpoint_auth": "client_secret_post", "client_secret": "x"},
        {"client_key_alg": "ES256"},
    ],
    ids=["a secret as well", "no key", "a key for a secret", "both", "algorithm of another family"],
)
def test_options_say_one_way_to_prove_it(changes):
    good = BY_KEY | {"client_key": pem(RSA)}
    assert OidcOptions(**good).registration.signer.alg == "RS256"
    assert pem(RSA)[40:80] not in repr(OidcOptions(**good).registration)
    with pytest.raises(ValidationError):
        OidcOptions(**(good | changes))


def test_sign_in_and_connection_test_go_by_the_key():
    oidc = KINDS["oidc"]
    with opened_edge() as edge:
        for key, alg, made in ((RSA, "PS256", certificate(RSA, days=10)), (EC, "ES256", None)):
            issuer = edge.oidc.issuer().knows_key(public(key), alg)
            issuer.describes(token_endpoint_auth_methods_supported=["private_key_jwt"])
            options = OidcOptions(
                issuer=issuer.issuer,
                client_id=issuer.client_id,
                token_endpoint_auth="private_key_jwt",
                client_key=pem(key),
                client_certificate=as_pem(made) if made else None,
                client_key_alg=alg,
            )
            for _ in range(2):
                assert edge.sign_in(oidc, options, issuer).subject, "each time another jti"
            assert issuer.seen["client"] == {"method": "private_key_jwt"}
            assert "client_secret" not in issuer.seen["token"]
            found = {finding.code: finding.severity for finding in oidc.check(options, edge.ports)}
            ends = {"client_certificate": "warn"} if made else {}
            assert found == {"discovery": "ok", "keys": "ok", "credentials": "ok"} | ends
            issuer.knows_key(public(signing.rsa_key(4).private), alg)
            assert {one.code: one.severity for one in oidc.check(options, edge.ports)}["credentials"] == "bad"

"""Attacks with the ID token itself, and with what it says of a person (security.md, OU)."""

import json
from collections.abc import Iterator

import pytest

from broker.upstream import KINDS
from tenants.causes import Cause, UpstreamFailure
from tests.peers import signing
from tests.peers.people import Person
from tests.support.edge import Edge, entra_options, oidc_options, opened_edge, returned

OIDC, ENTRA = KINDS["oidc"], KINDS["entra"]


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with opened_edge() as opened:
        yield opened


@pytest.fixture
def issuer(edge):
    return edge.oidc.issuer()


@pytest.fixture
def directory(edge):
    return edge.entra.directory()


def refused(edge, issuer, *, options=None, **context) -> str:
    """The word of the check that refused."""
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(OIDC, options or oidc_options(issuer), issuer, **context)
    assert failure.value.cause is Cause.UPSTREAM_RESPONSE_INVALID
    return failure.value.detail


def finish(edge, options, tx, url):
    return OIDC.finish(options, tx, returned(url), edge.ports)


@pytest.mark.parametrize("nonce", ["another", "", None, 5], ids=repr)
def test_ou04_nonce_wrong_or_missing_is_refused(edge, issuer, nonce):
    assert refused(edge, issuer.says(nonce=nonce)) == "nonce"


def test_ou04_token_of_an_earlier_sign_in_is_refused(edge, issuer):
    earlier = edge.context()
    assert edge.sign_in(OIDC, oidc_options(issuer), issuer, nonce=earlier.nonce).subject
    assert refused(edge, issuer.says(nonce=earlier.nonce)) == "nonce"


def test_ou05_audience_other_with_us_as_authorized_party_is_refused(edge, issuer):
    assert refused(edge, issuer.aud_other()) == "aud"


def test_ou05_audience_list_with_somebody_else_is_refused(edge, issuer):
    assert refused(edge, issuer.aud_list()) == "aud"


def test_ou06_unsigned_token_is_refused_although_the_metadata_lists_none(edge, issuer):
    assert "none" in issuer.document()["id_token_signing_alg_values_supported"]
    assert refused(edge, issuer.unsigned()) == "alg"


@pytest.mark.parametrize("with_secret", [False, True], ids=["public key", "client secret"])
def test_ou07_keyed_hash_is_refused(edge, issuer, with_secret):
    issuer.hs256(issuer.client_secret.encode() if with_secret else None)
    assert refused(edge, issuer) == "alg"


def test_ou07_key_in_the_header_is_refused_and_not_fetched(edge, issuer):
    evil = edge.oidc.issuer()
    key = evil.keys[0]
    issuer.signs_with(key)
    assert refused(edge, issuer.heads(jku=f"{evil.issuer}/jwks")) == "header_key"
    issuer.heads(jku=None, jwk=key.jwk())
    assert refused(edge, issuer) == "header_key"
    issuer.heads(jwk=None, x5u=f"{evil.issuer}/jwks")
    assert refused(edge, issuer) == "header_key"
    assert evil.hits["jwks"] == 0


def test_ou07_critical_extension_is_refused(edge, issuer):
    token = issuer.keys[0].sign({"sub": "x"})
    head = signing.encoded(json.dumps({"alg": "RS256", "kid": issuer.keys[0].kid, "crit": ["b64"], "b64": False}).encode())
    issuer.replies_with(id_token=".".join([head.decode(), *token.split(".")[1:]]))
    assert refused(edge, issuer) == "crit"


@pytest.mark.parametrize(("part", "word"), [(0, "size"), (1, "signature"), (2, "signature")])
def test_ou07_huge_segment_is_refused(edge, issuer, part, word):
    segments = issuer.keys[0].sign({"sub": "x"}).split(".")
    segments[part] += "A" * 60_000
    issuer.replies_with(id_token=".".join(segments))
    assert refused(edge, issuer) == word


@pytest.mark.parametrize("size", [65_537, 200_000])
def test_ou07_huge_token_is_refused(edge, issuer, size):
    issuer.replies_with(id_token="x" * size)
    assert refused(edge, issuer) == "id_token_missing"


def test_ou08_foreign_issuer_is_refused_every_time(edge, issuer):
    issuer.foreign_issuer()
    assert {refused(edge, issuer) for _ in range(20)} == {"iss"}


@pytest.mark.parametrize(
    ("knob", "cause", "word"),
    [
        (lambda it: it.foreign_directory(), Cause.UPSTREAM_TENANT_MISMATCH, "tid"),
        (lambda it: it.personal(), Cause.UPSTREAM_TENANT_MISMATCH, "personal"),
        (lambda it: it.says(tid="00000000-0000-0000-0000-000000000000"), Cause.UPSTREAM_TENANT_MISMATCH, "tid"),
        (lambda it: it.says(tid=None), Cause.UPSTREAM_TENANT_MISMATCH, "tid"),
        (lambda it: it.says(iss=f"{it.origin}/{{tenantid}}/v2.0"), Cause.UPSTREAM_RESPONSE_INVALID, "iss"),
        (lambda it: it.says(iss=f"https://sts.windows.net/{it.directory}/"), Cause.UPSTREAM_RESPONSE_INVALID, "iss"),
        (lambda it: it.says(ver="1.0"), Cause.UPSTREAM_RESPONSE_INVALID, "ver"),
        (lambda it: it.says(oid=None), Cause.UPSTREAM_RESPONSE_INVALID, "oid"),
        (lambda it: it.says(oid="ada"), Cause.UPSTREAM_RESPONSE_INVALID, "oid"),
        (lambda it: it.says(sub=""), Cause.UPSTREAM_RESPONSE_INVALID, "sub"),
    ],
    ids=[
        "foreign",
        "personal",
        "iss and tid differ",
        "no tid",
        "template",
        "version 1 issuer",
        "version 1",
        "no oid",
        "odd oid",
        "no sub",
    ],
)
def test_ou09_token_of_another_directory_is_refused(edge, directory, knob, cause, word):
    knob(directory)
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(ENTRA, entra_options(directory), directory)
    assert (failure.value.cause, failure.value.detail) == (cause, word)


def test_ou10_same_address_in_another_directory_is_another_person(edge, directory):
    other = edge.entra.directory()
    victim = edge.sign_in(ENTRA, entra_options(directory), directory, Person(email="victim@acme.example"))
    attacker = edge.sign_in(ENTRA, entra_options(other), other, Person(email="victim@acme.example"))
    assert attacker.email_evidence == {}
    assert (victim.issuer, victim.subject) != (attacker.issuer, attacker.subject)
    assert victim.issuer != attacker.issuer


@pytest.mark.parametrize("value", [None, False, "true", "false", 1, "1", [True]], ids=repr)
def test_ou11_word_about_the_address_is_never_made_better_than_it_was(edge, issuer, value):
    """What follows from it is in tests/tenants/test_arrivals.py and tests/attacks/test_ou_flow.py."""
    arrived = edge.sign_in(OIDC, oidc_options(issuer), issuer.says(email_verified=value))
    assert arrived.email == "ada@acme.example"
    assert arrived.email_evidence == ({} if value is None else {"email_verified": value})
    assert arrived.email_evidence.get("email_verified") is not True


@pytest.mark.parametrize(
    ("token", "userinfo", "email", "verified"),
    [
        pytest.param(
            {"email": None, "email_verified": True},
            {"email": "victim@acme.example", "email_verified": None},
            "victim@acme.example",
            None,
            id="word of the token, address of userinfo",
        ),
        pytest.param(
            {"email": "mallory@acme.example", "email_verified": None},
            {"email": "victim@acme.example", "email_verified": True},
            "mallory@acme.example",
            None,
            id="address of the token, word of userinfo",
        ),
        pytest.param(
            {"email": "mallory@acme.example", "email_verified": True},
            {"email": "victim@acme.example"},
            "mallory@acme.example",
            True,
            id="both of the token, another address of userinfo",
        ),
    ],
)
def test_ou11_word_about_one_address_says_nothing_of_another(edge, issuer, token, userinfo, email, verified):
    issuer.says(**token).userinfo_says(**userinfo)
    arrived = edge.sign_in(OIDC, oidc_options(issuer, fetch_userinfo=True), issuer)
    assert (arrived.email, arrived.email_evidence.get("email_verified")) == (email, verified)

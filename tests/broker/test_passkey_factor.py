"""Making passkeys: what the browser is asked for, and what of its answers is kept."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import g

from broker.factors import passkey
from tenants.causes import Cause, Refusal
from tenants.passkeys import PASSKEYS_OF_ACCOUNT
from tests import factories
from tests.broker.test_question import attempt
from tests.peers.authenticator import EDDSA, ES256, RS256, Authenticator, decoded, encoded, relying_party

ADA = SimpleNamespace(id="acc_ada", email="ada@acme.example", name="")


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def inside(app, home, browser):
    """A request to the tenant."""
    with attempt(app, home, browser):
        yield


@pytest.fixture
def device(home):
    return Authenticator("/".join(home.url.split("/")[:3]))


def test_browser_is_asked_for_a_key_that_knows_its_owner(inside, home):
    asked = json.loads(passkey.creation_options(ADA, [])[0])
    assert asked["rp"] == {"name": f"{home.canary} Group", "id": relying_party(home.url)}
    assert decoded(asked["user"]["id"]) == b"acc_ada"
    assert (asked["user"]["name"], asked["user"]["displayName"]) == (ADA.email, ADA.email)
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["attestation"] == "none"
    assert [one["alg"] for one in asked["pubKeyCredParams"]] == [ES256, EDDSA, RS256]


def test_challenges_are_new_each_time_and_fit_their_column(inside):
    made = {passkey.creation_options(ADA, [])[1] for _ in range(20)} | {passkey.new_challenge() for _ in range(20)}
    assert len(made) == 40
    assert {len(decoded(one)) for one in made} == {32}


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256], ids=["ES256", "EdDSA", "RS256"])
def test_what_was_made_is_kept_and_made_no_second_time(inside, home, algorithm):
    device = Authenticator("/".join(home.url.split("/")[:3]), algorithm=algorithm)
    ada = factories.account(home)
    options, challenge = passkey.creation_options(SimpleNamespace(id=ada.id, email=ada.email, name="Ada"), [])
    made = passkey.verify_creation(device.create(options), challenge)
    with home.db.writing() as db:
        passkey.add(db, ada.id, made, "x" * 200, home.now)
    with home.db.reading() as db:
        (row,) = db.all(PASSKEYS_OF_ACCOUNT, account=ada.id)
    assert (row.credential_id, row.public_key) == (encoded(device.keys[0].id), encoded(device.keys[0].cose))
    assert (row.transports, row.is_synced, row.label) == (["internal", "hybrid"], False, "x" * 100)
    again = json.loads(passkey.creation_options(SimpleNamespace(id=ada.id, email=ada.email, name="Ada"), [row])[0])
    assert [one["id"] for one in again["excludeCredentials"]] == [row.credential_id]
    with pytest.raises(Refusal) as refused, home.db.writing() as db:
        passkey.add(db, ada.id, made, "twice", home.now)
    assert refused.value.cause is Cause.FACTOR_INVALID


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"challenge": encoded(b"x" * 32)},
        {"type": "webauthn.get"},
        {"is_verified": False},
        {"is_present": False},
        {"cross_origin": True},
        {"flags": 0x10},
        {"claimed": -36},
    ],
    ids=["origin", "rp id", "challenge", "type", "not verified", "not present", "frame", "backed up but may not be", "ES512"],
)
def test_sf08_answer_that_is_not_for_this_making_is_refused(inside, device, lie):
    options, challenge = passkey.creation_options(ADA, [])
    with pytest.raises(Refusal) as refused:
        passkey.verify_creation(device.create(options, **lie), challenge)
    assert refused.value.cause is Cause.FACTOR_INVALID


@pytest.mark.parametrize("answer", ["", "{", "[]", "{}", '{"id": "x", "response": {"clientDataJSON": "e30"}}', "[" * 9000])
def test_sf08_nonsense_is_refused(inside, answer):
    with pytest.raises(Refusal):
        passkey.verify_creation(answer, passkey.new_challenge())


def test_sf08_two_names_for_one_key_are_refused(inside, device):
    options, challenge = passkey.creation_options(ADA, [])
    answer = json.loads(device.create(options))
    answer["id"] = answer["rawId"] = encoded(b"another")
    with pytest.raises(Refusal):
        passkey.verify_creation(json.dumps(answer), challenge)


@pytest.mark.parametrize(
    ("url", "is_offered"), [("http://127.0.0.1:8000", False), ("https://[::1]", False), ("https://a.b", True)]
)
def test_passkeys_need_a_host_that_has_a_name(inside, url, is_offered):
    g.tenant = replace(g.tenant, base_url=url)
    assert passkey.is_offered(g.tenant.policy) is passkey.is_offered_to_some() is is_offered

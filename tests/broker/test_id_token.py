"""Our verifier of ID tokens: each check refuses what it is there for, and names itself."""

import json
from datetime import timedelta

import jwt
import pytest

from broker.upstream.id_token import Expected, verify
from broker.upstream.signing_keys import SigningKeys
from tenants.causes import Cause, UpstreamFailure
from tests.peers import signing
from tests.support.clock import START

NOW = int(START.timestamp())
KEY = signing.rsa_key()
KEYS = SigningKeys({"keys": [KEY.jwk()]})
GOOD = {
    "iss": "https://idp.example",
    "aud": "broker",
    "sub": "ada",
    "iat": NOW,
    "exp": NOW + 300,
    "nonce": "n-0",
}


def expected(**changes) -> Expected:
    values = {"issuer": "https://idp.example", "client_id": "broker", "nonce": "n-0", "now": START}
    return Expected(**(values | changes))


def find_key(kid, algorithm):
    key = KEYS.find(kid, algorithm)
    if key is None:
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "kid")
    return key


def read(token: str, **changes):
    return verify(token, expected(**changes), find_key)


def refused(token: str, **changes) -> str:
    with pytest.raises(UpstreamFailure) as failure:
        read(token, **changes)
    assert failure.value.cause is Cause.UPSTREAM_RESPONSE_INVALID
    return failure.value.detail


def without(*names: str) -> dict:
    return {name: value for name, value in GOOD.items() if name not in names}


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({}, id="plain"),
        pytest.param({"aud": ["broker"]}, id="audience as a list of us alone"),
        pytest.param({"azp": "broker"}, id="authorized party is us"),
        pytest.param({"exp": NOW - 59}, id="expired within the skew"),
        pytest.param({"iat": NOW + 60}, id="issued ahead within the skew"),
        pytest.param({"iat": NOW - 600}, id="issued ten minutes ago"),
        pytest.param({"iat": NOW - 0.5}, id="fraction of a second"),
        pytest.param({"nbf": NOW + 60}, id="not before within the skew"),
        pytest.param({"sub": "x" * 255}, id="longest subject"),
        pytest.param({"at_hash": signing.half_hash("access")}, id="hash of the access token"),
    ],
)
def test_good_token_is_read(claims):
    token = KEY.sign({**GOOD, **claims})
    assert read(token, access_token="access")["nonce"] == "n-0"


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"iss": "https://idp.example/"}, "iss"),
        ({"iss": "https://IDP.example"}, "iss"),
        ({"iss": ["https://idp.example"]}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": "other", "azp": "broker"}, "aud"),
        ({"aud": ["broker", "other"], "azp": "broker"}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": [["broker"]]}, "aud"),
        ({"aud": {"broker": 1}}, "aud"),
        ({"aud": None}, "aud"),
        ({"azp": "other"}, "azp"),
        ({"azp": None}, "azp"),
        ({"exp": NOW - 60}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": str(NOW + 60)}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": NOW + 61}, "iat"),
        ({"iat": NOW - 601}, "iat"),
        ({"iat": -1}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"nbf": NOW + 61}, "nbf"),
        ({"nbf": "now"}, "nbf"),
        ({"nonce": "other"}, "nonce"),
        ({"nonce": "é"}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": 0}, "nonce"),
        ({"sub": ""}, "sub"),
        ({"sub": " "}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": "ada\u200b"}, "sub"),
        ({"sub": "ada\n"}, "sub"),
        ({"sub": 5}, "sub"),
        ({"sub": None}, "sub"),
        ({"at_hash": "other"}, "at_hash"),
        ({"at_hash": 5}, "at_hash"),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_claim_out_of_place_is_refused(claims, word):
    assert refused(signed(json.dumps({**GOOD, **claims}).encode()), access_token="a") == word


def signed(payload: bytes) -> str:
    """Any bytes, where `KEY.sign` insists on claims that make sense."""
    return jwt.PyJWS().encode(payload, KEY.private, algorithm="RS256", headers={"kid": KEY.kid})


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "iat", "exp", "nonce"])
def test_required_claim_that_is_absent_is_refused(name):
    assert refused(KEY.sign(without(name))) == name


def test_empty_nonce_of_ours_matches_nothing():
    assert refused(KEY.sign({**GOOD, "nonce": ""}), nonce="") == "nonce"


@pytest.mark.parametrize(
    ("auth_time", "word"),
    [(NOW, None), (NOW - 160, None), (NOW - 161, "auth_time"), (NOW + 61, "auth_time"), (None, "auth_time")],
)
def test_auth_time_holds_what_max_age_asked(auth_time, word):
    claims = GOOD if auth_time is None else {**GOOD, "auth_time": auth_time}
    token = KEY.sign(claims)
    assert read(token)["sub"] == "ada"
    if word is None:
        assert read(token, oldest=START - timedelta(seconds=100))["sub"] == "ada"
    else:
        assert refused(token, oldest=START - timedelta(seconds=100)) == word


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ({"typ": "at+jwt"}, "typ"),
        ({"typ": "logout+jwt"}, "typ"),
        ({"typ": ["JWT"]}, "typ"),
        ({"jku": "https://evil.example/keys"}, "header_key"),
        ({"x5u": "https://evil.example/cert"}, "header_key"),
        ({"jwk": signing.rsa_key(2).jwk()}, "header_key"),
        ({"crit": ["exp"], "exp": 1}, "crit"),
        ({"kid": "other"}, "kid"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(next(iter(value.items())))[:20],
)
def test_header_out_of_place_is_refused(header, word):
    token = KEY.sign(GOOD)
    head = {"alg": "RS256", "kid": KEY.kid, **header}
    assert refused(".".join([_segment(head), *token.split(".")[1:]])) == word


@pytest.mark.parametrize(
    "algorithm", ["none", "NONE", "None", "HS256", "HS512", "RS1", "ES256K", "dir", "", None, 5, ["RS256"]], ids=repr
)
def test_algorithm_outside_our_list_is_refused(algorithm):
    token = KEY.sign(GOOD)
    assert refused(".".join([_segment({"alg": algorithm, "kid": KEY.kid}), *token.split(".")[1:]])) == "alg"


@pytest.mark.parametrize("kid", [5, ["a"], {"a": 1}])
def test_key_id_that_is_no_text_is_refused(kid):
    token = KEY.sign(GOOD)
    asked = []
    with pytest.raises(UpstreamFailure, match="kid"):
        verify(".".join([_segment({"alg": "RS256", "kid": kid}), *token.split(".")[1:]]), expected(), asked.append)
    assert asked == []


@pytest.mark.parametrize(
    "key", [signing.rsa_key(algorithm="PS256"), signing.ec_key(), signing.ed_key()], ids=["PS256", "ES256", "EdDSA"]
)
def test_other_algorithms_of_the_list_are_read(key):
    keys = SigningKeys({"keys": [key.jwk()]})
    claims = verify(key.sign(GOOD), expected(), lambda kid, algorithm: keys.find(kid, algorithm))
    assert claims["sub"] == "ada"


def test_token_without_key_id_is_read_where_there_is_one_key():
    assert read(KEY.sign(GOOD, kid=None))["sub"] == "ada"


def test_signature_of_another_key_is_refused():
    assert refused(signing.rsa_key(2).sign(GOOD, kid=KEY.kid)) == "signature"


def test_changed_claims_are_refused():
    head, _, signature = KEY.sign(GOOD).split(".")
    assert refused(f"{head}.{_segment({**GOOD, 'sub': 'eve'})}.{signature}") == "signature"


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("", "format"),
        ("a.b", "format"),
        ("a.b.c.d", "format"),
        ("é.b.c", "format"),
        ("!.b.c", "format"),
        ("W10.b.c", "format"),
        ("x" * 65_537, "size"),
        ("x" * 4097 + ".b.c", "size"),
    ],
    ids=lambda value: value[-9:],
)
def test_what_is_no_token_is_refused(token, word):
    assert refused(token) == word


@pytest.mark.parametrize("payload", [b"[]", b"{", b"\xff", b'{"sub": "a", "sub": "b"}', b'{"exp": NaN}', b"[" * 20_000])
def test_signed_nonsense_is_refused(payload):
    assert refused(signed(payload)) == "format"


@pytest.mark.parametrize("signature", ["", "AAAA", "!", "x" * 4000], ids=["none", "short", "no base64", "long"])
def test_signature_that_is_none_is_refused(signature):
    head, body, _ = KEY.sign(GOOD).split(".")
    assert refused(f"{head}.{body}.{signature}") == "signature"


def _segment(value: object) -> str:
    return signing.encoded(json.dumps(value).encode()).decode()

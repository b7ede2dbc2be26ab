"""Applications in a tenants file: what they become, and what is refused (OD-02, OD-08, OD-09)."""

import json
from pathlib import Path
from string import Template
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tenants.application_config import application_config
from tenants.applications import Application
from tenants.db import Database
from tenants.manifest.faults import ManifestError
from tenants.manifest.reading import read_manifest
from tenants.manifest.sources import Sources
from tenants.public_keys import check_key_set
from tenants.tenants import Tenant
from tests.peers import signing
from tests.support.manifests import APPLICATION, ENVIRONMENT, SMALL, SURROUNDINGS, Desk
from tests.support.stores import ON_SQLITE

KEY = signing.ec_key().jwk()
BY_KEY = APPLICATION.replace('client_secret = { env = "CLIENT" }', 'client_auth = "private_key_jwt"')
PUBLIC = APPLICATION.replace('client_secret = { env = "CLIENT" }', 'client_auth = "none"')


def toml(jwk: dict[str, Any]) -> str:
    return "{ " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in jwk.items()) + " }"


def keys(*jwks: dict[str, Any]) -> str:
    return f"jwks = {{ keys = [{', '.join(map(toml, jwks))}] }}\n"


MISTAKES = {
    "od02 told by a script": ('backchannel_logout_uri = "javascript:alert(1)"', "must begin with https://"),
    "od02 told in the open": ('backchannel_logout_uri = "http://travel.example/out"', "http:// is for localhost"),
    "od02 keys from anywhere": ('client_auth = "private_key_jwt"\njwks_uri = "ftp://x.example"', "must begin with https://"),
    "an origin with a path": ('cors_origins = ["https://travel.example/"]', "must be an origin"),
    "any origin": ('cors_origins = ["*"]', "there are no wildcards"),
    "od08 a claim that judges": ('claims.aud = { value = "x" }', "by which tokens are judged"),
    "od08 a claim that is no name": ('claims." " = { value = "x" }', "must be the name of a claim"),
    "a claim from nothing": ("claims.unit = { }", "needs either from or value"),
    "a claim from two things": ('claims.unit = { from = "email", value = "x" }', "needs either from or value"),
    "a claim from what nobody knows": ('claims.unit = { from = "password" }', "must be one of account_id"),
    "a scope of two words": ('scopes = ["a b"]', "must be one word"),
    "od09 an unsigned ID token": ('id_token_alg = "none"', "must be"),
    "od09 a secret as a key": ('userinfo_alg = "HS256"', "must be"),
    "a mode that is none": ('response_modes = ["fragment"]', "must be"),
    "refreshing nothing": ('grant_types = ["refresh_token"]', "has nothing to refresh"),
    "keys beside a secret": (keys(KEY), "needs either jwks or jwks_uri"),
    "an access token for a day": ("access_token_minutes = 1440", "60"),
}
MORE = {
    "a key and no keys": (BY_KEY, "needs either jwks or jwks_uri"),
    "keys in two places": (BY_KEY + keys(KEY) + 'jwks_uri = "https://x.example"\n', "needs either jwks or jwks_uri"),
    "od09 a secret half": (BY_KEY + keys(KEY | {"d": "AAAA"}), "shows its secret half"),
    "od09 a symmetric key": (BY_KEY + keys({"kty": "oct", "kid": "1", "k": "AAAA"}), "shows its secret half"),
    "two keys of one name": (BY_KEY + keys(KEY, KEY), "a kid of its own"),
    "a public client by itself": (PUBLIC + 'grant_types = ["authorization_code", "client_credentials"]\n', "having no secret"),
    "a public client that pushes": (PUBLIC + "require_par = true\n", "having no secret"),
    "two hosts and no sector": (
        APPLICATION.replace('callback"]', 'callback", "https://b.example/x"]') + 'subject = "pairwise"\n',
        "needs a sector",
    ),
}
TEXTS = {name: (APPLICATION + line + "\n", words) for name, (line, words) in MISTAKES.items()} | MORE


@pytest.mark.parametrize(("text", "words"), TEXTS.values(), ids=TEXTS.keys())
def test_mistake_is_told(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(Template(SMALL + text).substitute(t="acme"), SURROUNDINGS, Sources(tmp_path, ENVIRONMENT))
    told = " ".join(map(str, caught.value.faults))
    assert words.lower() in told.lower()


@pytest.mark.parametrize(("bits", "words"), [(1024, "2048 to 8192"), (2048, "")])
def test_od09_short_keys_are_refused(bits: int, words: str) -> None:
    public = signing.PeerKey("k", "RS256", rsa.generate_private_key(65537, bits)).jwk()
    told = ""
    try:
        check_key_set({"keys": [public]})
    except ValueError as error:
        told = str(error)
    assert words in told
    assert bool(told) == bool(words)


ODD = (
    "x",
    {},
    {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
    KEY | {"x": "AA"},
    KEY | {"x": "!"},
    KEY | {"y": 5},
    {"kty": "RSA", "n": "AQAB"},
    {"kty": "OKP", "crv": "Ed25519", "x": "é"},
)


@pytest.mark.parametrize("jwk", ODD, ids=[f"odd {number}" for number in range(len(ODD))])
def test_odd_keys_are_refused(jwk: Any) -> None:
    with pytest.raises(ValueError, match=r"must|has"):
        check_key_set({"keys": [jwk]})


WHOLE = (
    BY_KEY
    + keys(KEY)
    + """grant_types = ["authorization_code", "refresh_token", "client_credentials"]
response_modes = ["form_post"]
scopes = ["openid", "email", "travel:read"]
claims.unit = { from = "organization_name", scope = "email", id_token = true }
subject = "pairwise"
sector = "travel.example"
third_party = true
require_par = true
backchannel_logout_uri = "https://travel.example/out"
cors_origins = ["https://travel.example"]
userinfo_alg = "ES256"
sign_in_minutes = 30
session_minutes = 60
access_token_minutes = 5
id_token_minutes = 15
offline_days = 7
"""
)


@ON_SQLITE
def test_everything_of_an_application_comes_to_be_and_goes_again(db: Database, desk: Desk) -> None:
    desk.apply(SMALL + WHOLE)
    assert desk.apply(SMALL + WHOLE) == []
    made = config(db, desk)
    assert made.client_auth == "private_key_jwt"
    assert made.jwks is not None
    assert made.jwks["keys"][0]["kid"] == KEY["kid"]
    assert "client_credentials" in made.grant_types
    assert (made.response_modes, made.scopes) == (("form_post",), ("openid", "email", "travel:read"))
    assert [(rule.name, rule.source, rule.scope, rule.is_in_id_token) for rule in made.claims] == [
        ("unit", "organization_name", "email", True)
    ]
    assert (made.subject_type, made.sector, made.is_third_party, made.is_par_required) == (
        "pairwise",
        "travel.example",
        True,
        True,
    )
    assert (made.backchannel_logout_uri, made.cors_origins) == ("https://travel.example/out", ("https://travel.example",))
    assert (made.sign_in_minutes, made.session_minutes, made.access_token_minutes) == (30, 60, 5)
    assert (made.id_token_minutes, made.offline_days, made.userinfo_alg) == (15, 7, "ES256")
    desk.apply(SMALL + APPLICATION)
    plain = config(db, desk)
    assert plain.grant_types == ("authorization_code", "refresh_token")
    assert (plain.jwks, plain.claims, plain.access_token_minutes, plain.subject_type) == (None, (), None, "public")


def config(db: Database, desk: Desk) -> Any:
    with db.platform("a test looks", desk.now) as platform:
        tenant_id = platform.query(Tenant.id).filter_by(slug=desk.slug).scalar()
    with db.tenant(tenant_id).reading() as session:
        return application_config(session.query(Application).filter_by(key="travel").one(), {})

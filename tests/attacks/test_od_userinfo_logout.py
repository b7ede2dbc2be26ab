"""Attacks on UserInfo, on claims and on signing out."""

from dataclasses import replace

import pytest

from broker.downstream.oidc.claims import authentication_methods, without_reserved
from broker.session import Proof
from tenants.claim_rules import RESERVED
from tenants.sessions import ApplicationGrant
from tenants.tenants import Tenant
from tests import factories
from tests.support.relying_party import RelyingParty, unsigned


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    return RelyingParty.of(app, home).signed_in()


def is_signed_in(rp):
    return "code" in rp.authorize(prompt="none").parameters


# Claims


@pytest.mark.parametrize(
    "name", ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "azp", "amr", "acr", "auth_time", "at_hash", "sid"]
)
def test_od08_attribute_never_becomes_a_claim_by_which_tokens_are_judged(name):
    assert name in RESERVED
    assert without_reserved({name: "mine", "department": "x"}) == {"department": "x"}


def test_od08_no_claim_in_a_token_comes_from_the_persons_own_values(app, home):
    odd = '","sub":"acc_admin","x":"'
    who = factories.account(home, with_password=False, with_totp=False, name=odd, given_name="iss", groups=("sub", odd))
    rp = RelyingParty.of(app, home).signed_in(who)
    body = rp.tokens(scope="openid profile groups", nonce=odd)
    assert rp.claims(body["id_token"])["sub"] == who.id
    assert rp.claims(body["id_token"])["nonce"] == odd
    told = rp.userinfo(body["access_token"]).json
    assert told["sub"] == who.id
    assert told["name"] == odd
    assert set(told["groups"]) == {"sub", odd}


def test_od08_identity_provider_cannot_invent_methods(clock):
    now = clock.now()
    proof = Proof("fed", now, "entra", amr=("pwd", "mfa", "admin", "", "x" * 1000, "otp\n"))
    assert authentication_methods([proof]) == ["pwd", "mfa"]


def test_od08_two_factors_of_two_places_are_told_as_they_were(clock):
    now = clock.now()
    assert authentication_methods([Proof("fed", now, "entra", amr=("wia",)), Proof("otp", now)]) == ["wia", "otp"]
    assert authentication_methods([Proof("pwd", now)]) == ["pwd"]
    assert authentication_methods([Proof("fed", now, "entra")]) == []


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (("pwd", "otp"), ["pwd", "otp", "mfa"]),
        (("pwd", "rec"), ["pwd", "otp", "mfa"]),
        (("hwk",), ["hwk", "user", "mfa"]),
        (("pwd", "hwk"), ["pwd", "hwk", "user", "mfa"]),
        (("pwd", "mail"), ["pwd", "otp"]),
        (("pwd", "dev"), ["pwd"]),
        (("pwd", "dev", "otp"), ["pwd", "otp", "mfa"]),
        (("fed", "rec"), ["otp"]),
    ],
    ids=str,
)
def test_sf05_amr_tells_what_was_shown_and_makes_no_more_of_it(clock, shown, told):
    assert authentication_methods([Proof(method, clock.now()) for method in shown]) == told


# UserInfo


def test_od14_nothing_else_of_ours_is_an_access_token(app, broker, rp):
    body = rp.tokens()
    stranger = RelyingParty.of(app, factories.tenant(broker)).signed_in()
    header, claims, signature = body["access_token"].split(".")
    tokens = {
        "id token": body["id_token"],
        "refresh token": body["refresh_token"],
        "code": rp.code(),
        "session cookie": rp.session.secret,
        "of another tenant": stranger.tokens()["access_token"],
        "unsigned": unsigned(rp.claims(body["access_token"]), typ="at+jwt"),
        "claims of another": ".".join((header, stranger.tokens()["access_token"].split(".")[1], signature)),
        "signature cut": ".".join((header, claims, signature[:-4])),
        "two parts": ".".join((header, claims)),
        "huge": "x" * 20_000,
        "long": "x" * 10_000,
        "empty object": "e30.e30.e30",
        "not ASCII": "ü.ü.ü",
        "json": "{}",
        "header is an empty list": "W10.e30.AAAA",
        "header is a list that names alg": "WyJhbGciXQ.e30.AAAA",
        "header is the word alg": "ImFsZyI.e30.AAAA",
        "kid is a number": f"{unsigned({}, kid=1).partition('.')[0]}.e30.AAAA",
    }
    for name, token in tokens.items():
        response = rp.app.test_client().get(
            f"{rp.home.path}/oidc/userinfo",
            base_url="http://localhost:8000",
            headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")},
        )
        assert response.status_code == 401, name
        assert response.headers["WWW-Authenticate"].startswith("Bearer"), name
        assert response.json["error"] == "invalid_token", name


def test_od14_id_token_for_a_client_named_like_userinfo_is_still_no_access_token(app, home):
    rp = RelyingParty.of(app, home, client_id=f"{home.url}/oidc/userinfo").signed_in()
    body = rp.tokens()
    assert rp.claims(body["id_token"])["aud"] == rp.claims(body["access_token"])["aud"]
    assert rp.userinfo(body["id_token"]).status_code == 401
    assert rp.authorize(id_token_hint=body["access_token"]).parameters["error"] == "invalid_request"
    assert_only_asked(rp, wish(rp, id_token_hint=body["access_token"]))


def test_od14_tenant_that_moved_takes_no_token_of_its_former_issuer(rp, home, broker, clock):
    body = rp.tokens()
    with broker.db.platform("a test moves a tenant", clock.now()) as db:
        row = db.get_one(Tenant, home.id)
        row.slug, row.config_version = f"{home.slug}-new", row.config_version + 1
    clock.advance(seconds=3)
    moved = RelyingParty(rp.app, replace(home, slug=f"{home.slug}-new"), rp.application)
    assert moved.userinfo(body["access_token"]).status_code == 401
    assert moved.authorize(id_token_hint=body["id_token"]).parameters["error"] == "invalid_request"


def test_od14_revoked_grant_is_refused_at_once(rp, home, clock):
    body = rp.tokens()
    with home.db.reading() as db:
        grant = db.query(ApplicationGrant).one()
    home.change(ApplicationGrant, grant.id, revoked_at=clock.now())
    assert rp.userinfo(body["access_token"]).status_code == 401
    assert rp.refresh(body["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer\t", "DPoP"])
def test_od14_other_schemes_are_refused(rp, scheme):
    token = rp.tokens()["access_token"]
    assert rp.post("/oidc/userinfo", {}, Authorization=f"{scheme} {token}").status == 401


def test_od14_session_cookie_alone_tells_nothing(rp):
    assert rp.get("/oidc/userinfo", {}).status == 401
    assert rp.post("/oidc/userinfo", {}).status == 401


# Signing out


def wish(rp, **query):
    back = rp.application.post_logout_redirect_uris[0]
    return rp.get("/oidc/logout", {"post_logout_redirect_uri": back} | query)


def assert_only_asked(rp, answer):
    assert answer.status == 200
    assert "Location" not in answer.response.headers
    assert is_signed_in(rp)


def test_od13_without_a_good_token_of_this_session_it_is_only_asked(app, broker, rp, home):
    claims = rp.claims(rp.tokens()["id_token"])
    stranger = RelyingParty.of(app, factories.tenant(broker)).signed_in()
    colleague = RelyingParty(app, home, rp.application).signed_in()
    forged = rp.tokens()["id_token"][:-6] + "AAAAAA"
    hints = [
        {},
        {"client_id": rp.application.client_id},
        {"id_token_hint": "nonsense"},
        {"id_token_hint": unsigned(claims)},
        {"id_token_hint": forged},
        {"id_token_hint": stranger.tokens()["id_token"]},
        {"id_token_hint": colleague.tokens()["id_token"]},
        {"id_token_hint": rp.tokens()["access_token"]},
    ]
    for hint in hints:
        assert_only_asked(rp, wish(rp, **hint))


def test_od13_expired_token_is_only_asked_about(rp):
    hint = rp.tokens()["id_token"]
    rp.stay(minutes=60)
    assert_only_asked(rp, wish(rp, id_token_hint=hint))
    assert wish(rp, id_token_hint=rp.tokens()["id_token"]).status == 303


@pytest.mark.parametrize("suffix", ["/", "?foo=bar", "#x", "x", ".evil.example/"])
def test_od13_address_that_is_not_registered_is_never_gone_to(rp, suffix):
    hint = rp.tokens()["id_token"]
    address = rp.application.post_logout_redirect_uris[0] + suffix
    answer = wish(rp, id_token_hint=hint, post_logout_redirect_uri=address)
    assert_only_asked(rp, answer)
    rp.browser = rp.app.test_client()
    assert wish(rp, id_token_hint=hint, post_logout_redirect_uri=address).location == f"{rp.home.path}/signed-out"


def test_od13_address_of_signing_in_is_none_of_signing_out(rp):
    hint, address = rp.tokens()["id_token"], rp.application.redirect_uris[0]
    assert_only_asked(rp, wish(rp, id_token_hint=hint, post_logout_redirect_uri=address))


def test_od13_without_a_token_it_never_leads_away_even_when_confirmed_or_signed_out(rp):
    rp.browser = rp.app.test_client()
    for query in ({}, {"client_id": rp.application.client_id}, {"id_token_hint": "x"}):
        assert wish(rp, **query).location == f"{rp.home.path}/signed-out"


def test_od13_se10_confirmation_needs_our_own_page(rp):
    hint = rp.tokens()["id_token"]
    for form, origin in (
        ({"answer": "sign-out"}, "http://localhost:8000"),
        ({"answer": "sign-out", "csrf_token": "x"}, "http://localhost:8000"),
        ({"answer": "sign-out", "id_token_hint": hint}, "https://evil.example"),
    ):
        assert rp.post("/oidc/logout/confirmed", form, Origin=origin).status == 403
        assert is_signed_in(rp)


def test_od13_posted_wish_of_a_foreign_page_is_only_asked_about(rp):
    first = rp.post("/oidc/logout", {"answer": "sign-out"}, Origin="https://evil.example")
    assert_only_asked(rp, rp.follow(first))


# Tokens that come again


def test_od09_token_whose_content_is_kept_opens_nothing_to_a_copy_of_it_that_differs(rp):
    token = rp.tokens()["access_token"]
    head, claims, signature = token.split(".")
    assert [rp.userinfo(token).status_code for _ in range(2)] == [200, 200]
    other = "A" if signature[10] != "A" else "B"
    forged = (f"{head}.{claims}.{signature[:10]}{other}{signature[11:]}", f"{head}.{claims}x.{signature}", f"{token}x")
    assert [rp.userinfo(one).status_code for one in forged] == [401] * len(forged)
    assert rp.userinfo(token).status_code == 200


def test_od09_kept_token_is_one_of_its_tenant_and_of_its_kind_alone(app, broker, rp):
    tokens = rp.tokens()
    assert rp.userinfo(tokens["access_token"]).status_code == 200
    other = RelyingParty.of(app, factories.tenant(broker)).signed_in()
    assert other.userinfo(tokens["access_token"]).status_code == 401
    assert rp.userinfo(tokens["id_token"]).status_code == 401

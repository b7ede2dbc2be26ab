"""What an authorization request may ask for beyond a code: form_post, claims by name, classes, and rules of the application."""

import json

import pytest

from broker.downstream.oidc.classes import ONE_FACTOR, PHISHING_RESISTANT, TWO_FACTORS
from tests import factories
from tests.support import steps
from tests.support.html import Page
from tests.support.relying_party import RelyingParty
from tests.support.stores import ON_SQLITE

pytestmark = ON_SQLITE

STATE = 's" > <script> & = + %é'


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    return RelyingParty.of(app, home).signed_in()


def posted(answer):
    """The form that a page sends to the application, by its address."""
    (form,) = [form for form in Page(answer.response.text).forms if "iss" in form.fields]
    return form.action, {name: one.value for name, one in form.fields.items()}


def asked(**members):
    return json.dumps(members)


# form_post


def test_form_post_brings_the_code_in_a_form_that_works_without_a_script(rp, home):
    answer = rp.authorize(response_mode="form_post", state=STATE)
    assert answer.status == 200
    place, fields = posted(answer)
    assert place == rp.application.redirect_uris[0]
    assert set(fields) == {"code", "state", "iss"}
    assert fields["state"] == STATE
    policy = answer.response.headers["Content-Security-Policy"]
    assert f"form-action 'self' https://app.{home.domain};" in policy
    assert "unsafe" not in policy
    assert answer.response.headers["Cache-Control"] == "no-store"
    assert "code=" not in answer.location
    assert rp.redeem(fields["code"]).status_code == 200


def test_form_post_brings_errors_too(rp):
    place, fields = posted(rp.authorize(response_mode="form_post", scope="profile"))
    assert place == rp.application.redirect_uris[0]
    assert fields["error"] == "invalid_scope"


def test_application_may_be_held_to_one_mode(app, home):
    rp = RelyingParty.of(app, home, response_modes=["query"]).signed_in()
    assert rp.authorize(response_mode="form_post").parameters["error"] == "invalid_request"
    assert "code" in rp.authorize().parameters


# Claims by name


def test_claims_are_told_where_they_were_asked_for(rp):
    wanted = asked(userinfo={"name": {"essential": True}, "nonsense": None}, id_token={"email": None, "auth_time": None})
    tokens = rp.tokens(claims=wanted)
    told = rp.userinfo(tokens["access_token"]).json
    assert set(told) == {"sub", "name"}
    claims = rp.claims(tokens["id_token"])
    assert claims["email"].endswith(rp.home.domain)
    assert "name" not in claims


def test_claims_that_an_application_may_not_have_are_not_told(app, home):
    rp = RelyingParty.of(app, home, scopes=["openid", "profile"]).signed_in()
    tokens = rp.tokens(scope="openid email", claims=asked(userinfo={"email": {"essential": True}, "name": None}))
    assert tokens["scope"] == "openid"
    assert set(rp.userinfo(tokens["access_token"]).json) == {"sub", "name"}


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "nonce", "amr", "sid", "gid"])
def test_od08_no_claim_by_which_tokens_are_judged_can_be_asked_for(rp, name):
    tokens = rp.tokens(claims=asked(id_token={name: {"value": "mine"}}, userinfo={name: {"value": "mine"}}))
    assert rp.claims(tokens["id_token"]).get(name) != "mine"
    assert set(rp.userinfo(tokens["access_token"]).json) == {"sub"}


def test_only_the_person_who_is_meant_gets_a_code(rp):
    mine = rp.claims(rp.tokens()["id_token"])["sub"]
    assert "code" in rp.authorize(claims=asked(id_token={"sub": {"value": mine}})).parameters
    other = rp.authorize(claims=asked(id_token={"sub": {"value": "acc_other"}}), prompt="none").parameters
    assert other["error"] == "login_required"


# Own rules of what is told


def test_own_claims_come_from_what_is_known_and_judge_nothing(app, home):
    rules = [
        {"name": "unit", "from": "organization_name", "scope": "profile", "id_token": True},
        {"name": "login", "from": "email_local_part", "scope": "openid"},
        {"name": "teams", "from": "groups", "scope": "openid", "id_token": True},
        {"name": "level", "value": "gold", "scope": "travel", "id_token": True},
        {"name": "aud", "value": "everybody", "scope": "openid", "id_token": True},
    ]
    who = factories.account(home, f"ada@{home.domain}")
    factories.grant(home, who.id, "crew")
    rp = RelyingParty.of(app, home, claims=rules).signed_in(who)
    tokens = rp.tokens(scope="openid profile travel")
    claims = rp.claims(tokens["id_token"])
    assert (claims["teams"], claims["level"]) == (["crew"], "gold")
    assert claims["aud"] == rp.application.client_id
    assert "login" not in claims
    told = rp.userinfo(tokens["access_token"]).json
    assert (told["login"], told["level"], told["unit"]) == ("ada", "gold", claims["unit"])
    assert "aud" not in told


# Classes of authentication


def with_proofs(app, home, *methods, **columns):
    proofs = [{"method": method, "at": home.now.isoformat()} for method in methods]
    return RelyingParty.of(app, home, **columns).signed_in(proofs=proofs)


@pytest.mark.parametrize(
    ("methods", "wanted", "told"),
    [
        (("pwd", "otp"), TWO_FACTORS, TWO_FACTORS),
        (("pwd", "rec"), f"1 2 {TWO_FACTORS}", TWO_FACTORS),
        (("hwk",), f"{PHISHING_RESISTANT} {TWO_FACTORS}", PHISHING_RESISTANT),
        (("pwd", "otp"), f"{PHISHING_RESISTANT} {ONE_FACTOR}", ONE_FACTOR),
        (("pwd", "dev"), f"{TWO_FACTORS} {ONE_FACTOR}", ONE_FACTOR),
        (("pwd", "mail"), TWO_FACTORS, None),
        (("pwd", "otp"), "1 2", None),
        (("pwd", "otp"), None, None),
    ],
    ids=[
        "app",
        "recovery code",
        "passkey",
        "next best",
        "a trusted device is no factor",
        "a mailed code is none",
        "unknown",
        "unasked",
    ],
)
def test_class_is_told_where_it_was_asked_for_and_reached(app, home, methods, wanted, told):
    rp = with_proofs(app, home, *methods)
    assert rp.claims(rp.tokens(acr_values=wanted)["id_token"]).get("acr") == told


def essential(*values):
    return asked(id_token={"acr": {"essential": True, "values": list(values)}})


def test_essential_class_that_is_not_reached_is_an_error_and_never_a_code(app, home):
    rp = with_proofs(app, home, "pwd", "mail")
    for wanted in (essential("gold"), essential(PHISHING_RESISTANT), essential()):
        assert rp.authorize(claims=wanted).parameters["error"] == "unmet_authentication_requirements"
    assert rp.authorize(claims=essential(TWO_FACTORS), prompt="none").parameters["error"] == "unmet_authentication_requirements"


def test_essential_class_asks_for_a_factor_once(app, home, browser, clock):
    who = factories.account(home)
    steps.sign_in(browser, home, who)
    rp = RelyingParty.of(app, home)
    rp.browser = browser.client
    claims = essential(TWO_FACTORS)
    answer = rp.authorize(claims=claims)
    assert rp.claims(rp.redeem(answer.parameters["code"]).json["id_token"])["acr"] == TWO_FACTORS


def test_factor_is_asked_for_where_the_session_has_shown_none(app, home):
    who = factories.account(home)
    proofs = [{"method": "pwd", "at": home.now.isoformat()}, {"method": "dev", "at": home.now.isoformat()}]
    rp = RelyingParty.of(app, home).signed_in(who, proofs=proofs)
    answer = rp.authorize(claims=essential(TWO_FACTORS))
    assert answer.status == 303
    assert answer.place.endswith("/sign-in/totp")
    again = rp.authorize(claims=essential(TWO_FACTORS), stepped_up="1")
    assert again.parameters["error"] == "unmet_authentication_requirements"


# Rules of the application (R5)


def test_sign_in_that_is_older_than_the_application_allows_is_asked_anew(app, home, clock):
    rp = RelyingParty.of(app, home, sign_in_minutes=30).signed_in()
    assert "code" in rp.authorize(prompt="none", max_age="86400").parameters
    rp.stay(20)
    clock.advance(minutes=10)
    assert rp.authorize(prompt="none").parameters["error"] == "login_required"
    assert rp.authorize().place.endswith("/sign-in")


def test_lifetimes_are_the_applications_own(app, home, clock):
    columns = {"access_token_minutes": 3, "id_token_minutes": 5, "session_minutes": 15, "offline_days": 2}
    rp = RelyingParty.of(app, home, **columns).signed_in()
    tokens = rp.tokens()
    offline = rp.tokens(scope="openid offline_access")["refresh_token"]
    assert tokens["expires_in"] == 180
    claims = rp.claims(tokens["id_token"])
    assert claims["exp"] - claims["iat"] == 300
    clock.advance(minutes=14)
    renewed = rp.refresh(tokens["refresh_token"])
    assert renewed.status_code == 200
    clock.advance(minutes=2)
    assert rp.refresh(renewed.json["refresh_token"]).json["error"] == "invalid_grant"
    offline = rp.refresh(offline).json["refresh_token"]
    clock.advance(days=2)
    assert rp.refresh(offline).json["error"] == "invalid_grant"


def test_application_gets_only_what_it_is_set_up_for(app, home):
    rp = RelyingParty.of(app, home, grant_types=["authorization_code"]).signed_in()
    assert "refresh_token" not in rp.tokens()
    assert rp.token(grant_type="refresh_token", refresh_token="x").json["error"] == "unauthorized_client"
    robot = RelyingParty.of(app, home, grant_types=["client_credentials"]).signed_in()
    assert robot.authorize().parameters["error"] == "unauthorized_client"


# Pairwise subjects


def test_pairwise_subject_is_the_same_everywhere_for_one_sector_and_for_no_other(app, home, clock):
    rp = RelyingParty.of(app, home, subject_type="pairwise", userinfo_alg="RS256").signed_in()
    account_id = rp.session.row.account_id
    tokens = rp.tokens()
    sub = rp.claims(tokens["id_token"])["sub"]
    assert sub != account_id
    assert len(sub) == 43
    assert rp.claims(tokens["access_token"])["sub"] == sub
    told = rp.userinfo(tokens["access_token"])
    assert told.content_type == "application/jwt"
    claims = rp.claims(told.text)
    assert (claims["sub"], claims["aud"], claims["iss"]) == (sub, rp.application.client_id, home.url)
    assert account_id not in told.text + tokens["id_token"]
    assert "code" in rp.authorize(prompt="none", id_token_hint=tokens["id_token"]).parameters
    kin = rp.other_application(subject_type="pairwise")
    stranger = rp.other_application(subject_type="pairwise", sector="elsewhere.example")
    assert kin.claims(kin.tokens()["id_token"])["sub"] == sub
    assert stranger.claims(stranger.tokens()["id_token"])["sub"] not in {sub, account_id}

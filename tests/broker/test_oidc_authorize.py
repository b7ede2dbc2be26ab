"""Authorization requests: what goes straight through, what begins a sign-in, what the application is told."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tenants.audit import AuditEvent
from tenants.transactions import LoginTransaction
from tests import factories
from tests.support.relying_party import CHALLENGE, RelyingParty

STATE = "s" * 120 + "&= +%é"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    return RelyingParty.of(app, home).signed_in()


@pytest.fixture
def stranger(app, home):
    """An application in a browser without a session."""
    return RelyingParty.of(app, home)


def begun(home):
    """The transactions of this tenant."""
    with home.db.reading() as db:
        return db.query(LoginTransaction).all()


def opened(home, account_id):
    with home.db.reading() as db:
        return len(db.query(AuditEvent).filter_by(event="application.opened", account_id=account_id).all())


def test_live_session_goes_straight_through(rp):
    answer = rp.authorize(state=STATE)
    assert answer.status == 303
    assert answer.place == rp.application.redirect_uris[0]
    assert set(answer.parameters) == {"code", "state", "iss"}
    assert answer.parameters["state"] == STATE
    assert answer.parameters["iss"] == rp.home.url
    assert len(answer.parameters["code"]) == 43
    assert opened(rp.home, rp.session.row.account_id) == 1


def test_answer_keeps_the_query_of_the_return_address(app, home):
    address = f"https://app.{home.domain}/callback?tenant=a%20b"
    rp = RelyingParty.of(app, home, redirect_uris=[address]).signed_in()
    assert rp.authorize(state=None).location.startswith(f"{address}&code=")


def test_nobody_signed_in_begins_a_sign_in_that_comes_back(stranger, home):
    answer = stranger.authorize(state=STATE, prompt="login", max_age="60", login_hint="ada@acme.example", ui_locales="nl")
    assert answer.status == 303
    assert answer.place == f"{home.path}/sign-in"
    (attempt,) = begun(home)
    assert attempt.application_id == stranger.application.id
    assert attempt.hints == {"login_hint": "ada@acme.example", "prompt": ["login"], "max_age": 60}
    back = urlsplit(attempt.return_to)
    assert back.path == f"{home.path}/oidc/authorize"
    query = parse_qs(back.query)
    assert query["state"] == [STATE]
    assert not {"prompt", "max_age"} & set(query)
    # The way back, now with a session, ends in a code.
    stranger.signed_in()
    assert stranger.get("/oidc/authorize", back.query).parameters["state"] == STATE


@pytest.mark.parametrize(
    ("changes", "hints"),
    [
        ({"prompt": "login"}, {"prompt": ["login"]}),
        ({"prompt": "select_account"}, {"prompt": ["select_account"]}),
        ({"prompt": "consent login"}, {"prompt": ["consent", "login"]}),
        ({"max_age": "0"}, {"max_age": 0}),
        ({"max_age": "299"}, {"max_age": 299}),
        ({"max_age": "300", "domain_hint": "acme.example"}, {"max_age": 300, "domain_hint": "acme.example"}),
    ],
    ids=["login", "select account", "consent and login", "max_age now", "max_age shorter", "max_age just reached"],
)
def test_live_session_that_is_not_enough_begins_a_sign_in(rp, clock, changes, hints):
    clock.advance(minutes=5)
    assert rp.authorize(**changes).place == f"{rp.home.path}/sign-in"
    (attempt,) = begun(rp.home)
    assert attempt.hints == hints


@pytest.mark.parametrize(
    "changes",
    [
        {"max_age": "301"},
        {"prompt": "consent"},
        {"prompt": "none"},
        {"prompt": "none", "max_age": "10000"},
        {"login_hint": "somebody@else.example"},
        {"display": "popup", "ui_locales": "se", "claims_locales": "se", "acr_values": "1 2", "extra": "foobar"},
        {"claims": '{"userinfo": {"name": {"essential": true}}}'},
        {"scope": "groups openid offline_access nonsense"},
        {"response_mode": "query"},
        {"state": None, "nonce": None},
    ],
    ids=lambda changes: ", ".join(f"{name} {value}" for name, value in changes.items()),
)
def test_live_session_is_enough_for(rp, clock, changes):
    clock.advance(minutes=5)
    assert "code" in rp.authorize(**changes).parameters


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"claims": "no JSON"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"userinfo": []}'}, "invalid_request"),
        ({"claims": '{"id_token": {"name": true}}'}, "invalid_request"),
        ({"claims": '{"id_token": {"x": ' + "[" * 2000}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://app.example/request"}, "request_uri_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "١"}, "invalid_request"),
        ({"id_token_hint": "nonsense"}, "invalid_request"),
        ({"nonce": "n" * 1001}, "invalid_request"),
        ({"nonce": "line\nbreak"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"code_challenge": f"{CHALLENGE[:-1]}!"}, "invalid_request"),
        ({"claims": '{"id_token": {"acr": {"essential": true}}}'}, "unmet_authentication_requirements"),
    ],
    ids=lambda value: ", ".join(f"{k} {str(v)[-30:]!r}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_wrong_request_is_told_to_the_application(rp, changes, error):
    answer = rp.authorize(state=STATE, **changes)
    assert answer.status == 303
    assert answer.place == rp.application.redirect_uris[0]
    assert set(answer.parameters) == {"error", "error_description", "state", "iss"}
    assert answer.parameters["error"] == error
    assert answer.parameters["state"] == STATE
    assert answer.parameters["iss"] == rp.home.url
    assert answer.parameters["error_description"].isascii()


def test_repeated_parameter_is_told_without_guessing_a_state(rp):
    answer = rp.get("/oidc/authorize", [*rp.request().items(), ("state", "another")])
    assert answer.parameters["error"] == "invalid_request"
    assert "state" not in answer.parameters


def test_unknown_parameter_may_be_repeated(rp):
    assert "code" in rp.get("/oidc/authorize", [*rp.request().items(), ("x", "1"), ("x", "2")]).parameters


def test_nobody_signed_in_and_nobody_to_be_asked_is_login_required(stranger, home):
    answer = stranger.authorize(prompt="none", state=STATE)
    assert answer.place == stranger.application.redirect_uris[0]
    assert answer.parameters["error"] == "login_required"
    assert answer.parameters["state"] == STATE
    assert begun(home) == []


def test_session_that_is_too_old_and_nobody_to_be_asked_is_login_required(rp, clock):
    clock.advance(minutes=5)
    assert rp.authorize(prompt="none", max_age="60").parameters["error"] == "login_required"


def test_way_in_that_the_application_does_not_accept_begins_a_sign_in(app, home):
    rp = RelyingParty.of(app, home, accepted_connections=["entra"]).signed_in(method="local")
    assert rp.authorize().place == f"{home.path}/sign-in"
    assert rp.authorize(prompt="none").parameters["error"] == "interaction_required"
    rp.signed_in(method="entra")
    assert "code" in rp.authorize().parameters


def test_person_outside_the_applications_groups_sees_why(app, home):
    rp = RelyingParty.of(app, home, required_groups=["board", "staff"]).signed_in()
    answer = rp.authorize()
    assert answer.status == 403
    assert rp.application.name in answer.response.text
    assert rp.authorize(prompt="none").parameters["error"] == "access_denied"
    assert opened(home, rp.session.row.account_id) == 0
    rp.signed_in(factories.account(home, with_password=False, with_totp=False, groups=("staff",)))
    assert "code" in rp.authorize().parameters


def test_hint_of_this_session_asks_nobody_even_when_it_has_expired(rp):
    hint = rp.tokens()["id_token"]
    assert "code" in rp.authorize(prompt="none", id_token_hint=hint).parameters
    rp.stay(minutes=70)
    assert "code" in rp.authorize(prompt="none", id_token_hint=hint).parameters


def test_posted_request_starts_again_at_our_own_place(rp):
    first = rp.post("/oidc/authorize", rp.request(state=STATE, unknown="x"), Origin="https://app.example")
    assert first.status == 303
    assert first.place == f"{rp.home.path}/oidc/authorize"
    assert "unknown" not in first.parameters
    answer = rp.follow(first)
    assert answer.parameters["state"] == STATE
    assert "code" in answer.parameters


def test_request_that_is_too_long_is_not_carried_along(rp, stranger):
    assert rp.post("/oidc/authorize", rp.request(state="s" * 7000)).status == 400
    assert stranger.authorize(state="s" * 7000).status == 400


def test_head_issues_no_code(rp):
    response = rp.browser.head(f"{rp.home.path}/oidc/authorize", base_url="http://localhost:8000", query_string=rp.request())
    assert response.status_code == 405
    assert "Location" not in response.headers
    assert opened(rp.home, rp.session.row.account_id) == 0

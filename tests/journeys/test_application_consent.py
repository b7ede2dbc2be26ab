"""Consent for applications that aren't the tenant's own: asked, remembered, and taken back (OD-17)."""

import pytest

from tenants.application_consents import ApplicationConsent
from tests import factories
from tests.support import steps
from tests.support.html import Page
from tests.support.relying_party import RelyingParty
from tests.support.rows import stored

ORIGIN = "http://localhost:8000"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


@pytest.fixture
def rp(app, home, ada):
    """A stranger's application."""
    return RelyingParty.of(app, home, is_third_party=True, name="Partner Portal").signed_in(ada)


def respond(rp, answer, word="agree", **changes):
    """Press a button of the page that asks."""
    (form,) = [form for form in Page(answer.response.text).forms if "request" in form.fields]
    data = {name: one.value for name, one in form.fields.items() if one.value is not None}
    return rp.post("/oidc/consent", data | {"answer": word} | changes, Origin=ORIGIN)


def is_asked(answer):
    return answer.status == 200 and "Let Partner Portal know who you are?" in answer.response.text


def test_od17_stranger_is_told_nothing_before_the_person_agrees(rp, home, ada):
    answer = rp.authorize(scope="openid email", state="s")
    assert is_asked(answer)
    assert "See your e-mail address" in answer.response.text
    assert ada.email in answer.response.text
    assert f"form-action 'self' https://app.{home.domain};" in answer.response.headers["Content-Security-Policy"]
    assert rp.authorize(prompt="none").parameters["error"] == "consent_required"
    agreed = respond(rp, answer)
    assert set(agreed.parameters) == {"code", "state", "iss"}
    assert rp.redeem(agreed.parameters["code"]).status_code == 200
    assert steps.events(home, "application.consented")


def test_od17_answer_is_remembered_for_what_was_agreed_to(rp):
    respond(rp, rp.authorize(scope="openid email"))
    assert "code" in rp.authorize(scope="openid email", prompt="none").parameters
    assert "code" in rp.authorize(scope="openid").parameters
    assert is_asked(rp.authorize(scope="openid groups"))
    assert is_asked(rp.authorize(scope="openid", prompt="consent"))
    by_name = '{"userinfo": {"given_name": null}}'
    assert is_asked(rp.authorize(scope="openid", claims=by_name))
    respond(rp, rp.authorize(scope="openid", claims=by_name))
    for changes in ({"claims": by_name}, {"scope": "openid email"}):
        assert "code" in rp.authorize(prompt="none", **({"scope": "openid"} | changes)).parameters


def test_od17_no_is_told_to_the_application_and_remembered_by_nobody(rp, home):
    answer = respond(rp, rp.authorize(state="s"), "decline")
    assert answer.parameters["error"] == "access_denied"
    assert answer.parameters["state"] == "s"
    assert stored(home, ApplicationConsent) == []
    assert steps.events(home, "application.declined")


def test_od17_agreement_can_neither_be_forged_nor_turned_elsewhere(rp, home):
    answer = rp.authorize()
    assert rp.post("/oidc/consent", {"request": "client_id=x", "answer": "agree"}, Origin=ORIGIN).status == 403
    assert respond(rp, answer, csrf_token="x" * 64).status == 403
    (form,) = [form for form in Page(answer.response.text).forms if "request" in form.fields]
    turned = form.fields["request"].value.replace("callback", "elsewhere")
    turned = respond(rp, answer, request=turned)
    assert (turned.status, turned.location) == (400, "")
    assert respond(rp, answer, request="%FF").status == 400
    assert stored(home, ApplicationConsent) == []


def test_own_applications_ask_nobody(app, home, ada):
    rp = RelyingParty.of(app, home).signed_in(ada)
    assert "code" in rp.authorize(prompt="consent", scope="openid email offline_access").parameters


def test_answer_of_a_session_that_is_over_begins_a_sign_in(rp, home, clock):
    answer = rp.authorize()
    home.change(type(rp.session.row), rp.session.row.id, ended_at=clock.now())
    assert respond(rp, answer).place.endswith("/sign-in")


def test_pushed_request_asks_too_and_is_used_up_by_the_answer(rp):
    pushed = rp.app.test_client().post(
        f"{rp.home.path}/oidc/par", base_url=ORIGIN, data=rp.request(), headers=rp.client_auth({})
    )
    query = {"client_id": rp.application.client_id, "request_uri": pushed.json["request_uri"]}
    answer = rp.get("/oidc/authorize", query)
    assert is_asked(answer)
    assert "code" in respond(rp, answer).parameters
    assert respond(rp, answer).status == 400


# Taking it back


def test_od17_person_takes_it_back_and_the_application_is_out(at_home, app, home, ada):
    stranger = factories.application(home, is_third_party=True, name="Partner Portal", secret="a secret")
    rp = RelyingParty(app, home, stranger, "a secret")
    rp.browser = at_home.client
    tokens = rp.redeem(respond(rp, rp.authorize(scope="openid email")).parameters["code"]).json
    at_home.open(f"{home.path}/account")
    assert "Partner Portal" in at_home.words
    assert "See your e-mail address" in at_home.words
    at_home.submit(press="Take all back Partner Portal")
    assert "That was taken back." in at_home.words
    assert stored(home, ApplicationConsent) == []
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert rp.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert is_asked(rp.authorize(scope="openid"))
    assert steps.events(home, "application.consent_withdrawn")


def test_one_scope_can_be_taken_back_alone(at_home, app, home, ada):
    stranger = factories.application(home, is_third_party=True, name="Partner Portal", secret="a secret")
    rp = RelyingParty(app, home, stranger, "a secret")
    rp.browser = at_home.client
    respond(rp, rp.authorize(scope="openid email groups"))
    at_home.open(f"{home.path}/account").submit(press="Take back See your e-mail address")
    (kept,) = stored(home, ApplicationConsent)
    assert kept.scopes == ["openid", "groups"]
    assert "code" in rp.authorize(scope="openid groups", prompt="none").parameters
    assert is_asked(rp.authorize(scope="openid email"))


def test_nobody_takes_back_what_others_agreed_to(at_home, app, home, ada, broker):
    other = RelyingParty.of(app, home, is_third_party=True, name="Partner Portal").signed_in()
    respond(other, other.authorize())
    at_home.open(f"{home.path}/account")
    token = at_home.page.forms[0].fields["csrf_token"].value
    at_home.post(f"{home.path}/account/applications/withdraw", {"csrf_token": token, "application": other.application.id})
    assert len(stored(home, ApplicationConsent)) == 1

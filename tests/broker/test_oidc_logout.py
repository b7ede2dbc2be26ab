"""Signing out at an application's wish: at once, after a question, and where it ends."""

import pytest

from tenants.audit import AuditEvent
from tests import factories
from tests.support.html import Page
from tests.support.relying_party import RelyingParty

ORIGIN = "http://localhost:8000"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    return RelyingParty.of(app, home).signed_in()


def is_signed_in(rp):
    return "code" in rp.authorize(prompt="none").parameters


def sign_out(rp, **changes):
    usual = {
        "id_token_hint": rp.hint,
        "post_logout_redirect_uri": rp.application.post_logout_redirect_uris[0],
        "state": "s" * 128,
    }
    return rp.get("/oidc/logout", {name: value for name, value in (usual | changes).items() if value is not None})


def confirm(rp, answer):
    """Press the button of the page that asks."""
    (form,) = [form for form in Page(answer.response.text).forms if "csrf_token" in form.fields]
    data = {name: one.value for name, one in form.fields.items() if one.value is not None}
    return rp.post("/oidc/logout/confirmed", data | {"answer": "sign-out"}, Origin=ORIGIN)


@pytest.fixture
def signed_in(rp):
    """The application with an ID token of its browser's session."""
    rp.hint = rp.tokens()["id_token"]
    return rp


def test_application_of_this_session_signs_out_at_once_and_gets_its_state(signed_in):
    answer = sign_out(signed_in)
    assert answer.status == 303
    assert answer.location == f"{signed_in.application.post_logout_redirect_uris[0]}?state={'s' * 128}"
    assert signed_in.authorize(prompt="none").parameters["error"] == "login_required"
    with signed_in.home.db.reading() as db:
        events = db.query(AuditEvent).filter_by(event="session.ended").all()
    assert [event.account_id for event in events] == [signed_in.session.row.account_id]


def test_without_state_the_address_stays_as_registered(signed_in):
    assert sign_out(signed_in, state=None).location == signed_in.application.post_logout_redirect_uris[0]


def test_without_a_place_to_go_it_ends_on_our_page(signed_in):
    answer = sign_out(signed_in, post_logout_redirect_uri=None)
    assert answer.place == f"{signed_in.home.path}/signed-out"
    assert not is_signed_in(signed_in)


def test_tokens_of_the_session_end_with_it(signed_in):
    body = signed_in.tokens()
    sign_out(signed_in)
    assert signed_in.userinfo(body["access_token"]).status_code == 401
    assert signed_in.refresh(body["refresh_token"]).json["error"] == "invalid_grant"


def test_second_application_of_the_session_may_sign_out_too(signed_in):
    other = signed_in.other_application()
    other.hint = other.tokens()["id_token"]
    assert sign_out(other).place == other.application.post_logout_redirect_uris[0]
    assert not is_signed_in(signed_in)


@pytest.mark.parametrize("query", [{}, {"state": "only"}, {"logout_hint": "ada"}], ids=["nothing", "state", "a hint"])
def test_without_a_token_the_person_is_asked_and_stays_here(signed_in, query):
    answer = signed_in.get("/oidc/logout", query)
    assert answer.status == 200
    assert is_signed_in(signed_in)
    assert confirm(signed_in, answer).place == f"{signed_in.home.path}/signed-out"
    assert not is_signed_in(signed_in)


def test_expired_token_is_asked_about_and_then_goes_back(signed_in):
    signed_in.stay(minutes=60)
    answer = sign_out(signed_in)
    assert answer.status == 200
    assert signed_in.application.name in answer.response.text
    policy = answer.response.headers["Content-Security-Policy"]
    assert f"form-action 'self' https://app.{signed_in.home.domain};" in policy
    assert is_signed_in(signed_in)
    assert confirm(signed_in, answer).place == signed_in.application.post_logout_redirect_uris[0]
    assert not is_signed_in(signed_in)


def test_who_is_signed_out_already_goes_back_at_once(signed_in):
    sign_out(signed_in)
    assert sign_out(signed_in).place == signed_in.application.post_logout_redirect_uris[0]
    assert signed_in.get("/oidc/logout", {}).location == f"{signed_in.home.path}/signed-out"


def test_posted_wish_starts_again_at_our_own_place(signed_in):
    form = {"id_token_hint": signed_in.hint, "state": "x"}
    first = signed_in.post("/oidc/logout", form, Origin="https://app.example")
    assert first.status == 303
    assert first.place == f"{signed_in.home.path}/oidc/logout"
    assert is_signed_in(signed_in)
    assert signed_in.follow(first).place == f"{signed_in.home.path}/signed-out"
    assert not is_signed_in(signed_in)


def test_wish_that_is_too_long_is_not_carried_along(signed_in):
    assert signed_in.post("/oidc/logout", {"state": "s" * 7000}).status == 400


def test_client_id_has_to_fit_the_token(signed_in):
    assert sign_out(signed_in, client_id=signed_in.application.client_id).status == 303
    assert sign_out(signed_in, client_id="another").status == 400


def test_repeated_parameter_is_refused(signed_in):
    answer = signed_in.get("/oidc/logout", [("state", "a"), ("state", "b")])
    assert answer.status == 400
    assert is_signed_in(signed_in)


def test_head_signs_nobody_out(signed_in):
    query = {"id_token_hint": signed_in.hint}
    path = f"{signed_in.home.path}/oidc/logout"
    assert signed_in.browser.head(path, base_url=ORIGIN, query_string=query).status_code == 405
    assert is_signed_in(signed_in)

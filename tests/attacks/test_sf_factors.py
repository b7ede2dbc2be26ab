"""Attacks on second factors (security.md, SF)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from broker.session import Proof
from broker.signin.transaction import add_proof, require
from tenants.audit import AuditEvent, Event
from tenants.causes import Cause, Refusal
from tenants.credentials import SPEND_TOTP_STEP, TOTP_OF_ACCOUNT, Credential
from tenants.throttles import TOTP_LIMIT
from tests import factories
from tests.peers.people import Person
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def at_code(browser, home, who):
    browser.open(f"{home.path}/sign-in").submit(email=who.email).submit(password=who.password)
    assert browser.path == f"{home.path}/sign-in/totp", browser
    return browser


def wrong(home, who) -> str:
    """A code that is none of those that are good now."""
    good = {who.code(home.now + timedelta(seconds=30 * step)) for step in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in good)


def test_sf01_code_works_once(home, ada, browser, new_browser):
    code = steps.fresh_code(home, ada)
    assert at_code(browser, home, ada).submit(code=code).at == f"{home.path}/"
    other = at_code(new_browser(), home, ada).submit(code=code)
    assert other.status == 403
    assert not steps.is_signed_in(other, home)


def test_sf01_code_of_the_step_before_does_not_work_after_a_newer_one(home, ada, browser, new_browser):
    older = steps.fresh_code(home, ada)
    newer = ada.code(home.broker.ports.clock.advance(seconds=30))
    assert at_code(browser, home, ada).submit(code=newer).at == f"{home.path}/"
    assert at_code(new_browser(), home, ada).submit(code=older).status == 403


def test_sf01_code_of_the_next_step_counts_as_that_one(home, ada, browser, new_browser):
    home.broker.ports.clock.advance(seconds=90)
    early = ada.code(home.now + timedelta(seconds=30))
    assert at_code(browser, home, ada).submit(code=early).at == f"{home.path}/"
    home.broker.ports.clock.advance(seconds=30)
    assert at_code(new_browser(), home, ada).submit(code=early).status == 403


def test_sf01_of_twenty_at_once_one_gets_in(home, ada, new_browser):
    browsers = [at_code(new_browser(), home, ada) for _ in range(20)]
    code = steps.fresh_code(home, ada)
    steps.at_once([lambda one=one: one.submit(code=code) for one in browsers])
    assert [one.at for one in browsers].count(f"{home.path}/") == 1
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


def test_sf01_step_of_time_has_one_winner_of_twenty(home, ada):
    """The same without the throttle in front."""
    with home.db.reading() as db:
        app = db.one(TOTP_OF_ACCOUNT, account_id=ada.id)

    def spend() -> int:
        with home.db.writing() as db:
            return db.run(SPEND_TOTP_STEP, credential_id=app.id, step=1000, at=home.now, address="192.0.2.1")

    assert sorted(steps.at_once([spend] * 20)) == [0] * 19 + [1]


def test_sf01_code_that_proved_the_app_does_not_sign_in(home, browser, new_browser):
    jo = factories.account(home, state="invited", with_password=False, with_totp=False, is_local_enabled=True)
    factories.invitation(home, "known-token", jo.id)
    someone = steps.set_up(browser, home, "known-token", jo.email)
    assert steps.prove_app(browser, someone.code(home.now)).path == f"{home.path}/activate/done"
    assert at_code(new_browser(), home, someone).submit(code=someone.code(home.now)).status == 403


def test_sf02_attempt_dies_after_ten_wrong_codes(home, ada, browser):
    at_code(browser, home, ada)
    for _ in range(9):
        home.broker.ports.clock.advance(seconds=60)
        assert browser.submit(code=wrong(home, ada)).status == 403
    home.broker.ports.clock.advance(seconds=60)
    browser.submit(code=wrong(home, ada))
    assert browser.status == 400
    assert "For your safety it has ended" in browser.words
    assert "flow_expired" in {event.cause for event in steps.events(home, Event.LOGIN_REFUSED)}


def test_sf02_guesses_count_across_attempts_and_browsers(home, ada, new_browser):
    for _ in range(TOTP_LIMIT.free):
        assert at_code(new_browser(), home, ada).submit(code=wrong(home, ada)).status == 403
    last = at_code(new_browser(), home, ada).submit(code=steps.fresh_code(home, ada))
    assert last.at == f"{home.path}/"  # a minute later the pause of a second is over
    for _ in range(2):
        last = at_code(new_browser(), home, ada).submit(code=wrong(home, ada))
    assert last.status == 429
    assert "Codes for this account are paused until" in last.words


def test_sf02_sign_ins_of_the_owner_give_the_guesser_no_new_tries(home, ada, browser, new_browser):
    """Else thirty tries a day would be thirty for each time that the owner comes."""
    guesser, tries = new_browser(), 0
    for _ in range(3):
        for _ in range(TOTP_LIMIT.cap // 3 + 1):
            home.broker.ports.clock.advance(minutes=16)
            tries += at_code(guesser, home, ada).submit(code=wrong(home, ada)).status == 403
        home.broker.ports.clock.advance(minutes=16)
        at_code(browser, home, ada).submit(code=steps.fresh_code(home, ada))
    assert tries <= TOTP_LIMIT.cap


def test_sf02_right_code_is_refused_while_paused_and_not_spent(home, ada, new_browser):
    for _ in range(TOTP_LIMIT.free):
        at_code(new_browser(), home, ada).submit(code=wrong(home, ada))
    one = at_code(new_browser(), home, ada)
    code = ada.code(home.now)
    assert one.submit(code=code).status == 429
    home.broker.ports.clock.advance(seconds=2)
    assert at_code(new_browser(), home, ada).submit(code=code).at == f"{home.path}/"


def test_sf03_password_alone_opens_nothing(home, ada, browser):
    at_code(browser, home, ada)
    assert browser.cookie("sid") is None
    assert browser.open(f"{home.path}/").path == f"{home.path}/sign-in"
    app = factories.application(home)
    steps.notice(home)
    asked = f"client_id={app.client_id}&redirect_uri={app.redirect_uris[0]}&response_type=code&scope=openid&prompt=none"
    challenge = "code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    browser.open(f"{home.path}/oidc/authorize?{asked}&{challenge}")
    assert "error=login_required" in browser.foreign
    assert "code=" not in browser.foreign


def test_sf03_code_page_is_closed_before_the_password(home, ada, browser):
    browser.open(f"{home.path}/sign-in").submit(email=ada.email)
    tx, token = steps.tx_of(browser), browser.page.forms[0].fields["csrf_token"].value
    assert browser.open(f"{home.path}/sign-in/totp?tx={tx}").status == 400
    browser.post(f"{home.path}/sign-in/totp", {"tx": tx, "csrf_token": token, "code": steps.fresh_code(home, ada)})
    assert browser.status == 400
    assert not steps.is_signed_in(browser, home)


def test_sf03_half_way_of_one_browser_is_nothing_in_another(home, ada, browser, new_browser):
    at_code(browser, home, ada)
    tx = steps.tx_of(browser)
    other = new_browser()
    other.open(f"{home.path}/sign-in")
    token = other.page.forms[0].fields["csrf_token"].value
    assert other.open(f"{home.path}/sign-in/totp?tx={tx}").status == 400
    other.post(f"{home.path}/sign-in/totp", {"tx": tx, "csrf_token": token, "code": steps.fresh_code(home, ada)})
    assert other.status == 400


def test_sf03_password_of_one_and_address_of_another(home, ada, browser):
    """What was proven for one address counts nothing for the next."""
    bob = factories.account(home)
    at_code(browser, home, ada)
    tx = steps.tx_of(browser)
    browser.follow("Not you?")
    browser.submit(email=bob.email)
    assert browser.open(f"{home.path}/sign-in/totp?tx={tx}").status == 400
    assert browser.open(f"{home.path}/sign-in/password?tx={tx}").status == 200


def test_sf04_code_of_one_account_does_not_complete_another(home, ada, browser, app):
    """Two tabs of one attempt: while one judges Ada's code, the other goes on with Bob's password."""
    bob = factories.account(home)
    at_code(browser, home, ada)
    tx, cookie = steps.tx_of(browser), browser.cookie("tx")
    with app.test_request_context(
        f"{home.path}/sign-in/totp?tx={tx}",
        base_url=browser.home,
        headers={"Cookie": f"{home.slug}-tx={cookie}"},
        environ_overrides={"SCRIPT_NAME": home.path, "PATH_INFO": "/sign-in/totp", **space_of(home)},
    ):
        app.preprocess_request()
        stale = require()
        browser.follow("Not you?")
        browser.submit(email=bob.email).submit(password=bob.password)
        assert browser.path == f"{home.path}/sign-in/totp"
        with pytest.raises(Refusal) as refused:
            add_proof(stale, Proof("otp", home.now))
    assert refused.value.cause is Cause.FLOW_EXPIRED
    assert browser.open(f"{home.path}/sign-in/totp?tx={tx}").status == 200
    assert not steps.is_signed_in(browser, home)


def space_of(home):
    return {"broker.space": "tenant", "broker.slug": home.slug, "broker.host": "localhost"}


def test_sf04_local_proofs_do_not_follow_into_a_federated_sign_in(home, ada, oidc_peer, browser):
    """Ada's password and app must not decorate somebody else's session."""
    tx = steps.tx_of(at_code(browser, home, ada))
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"bob@{home.domain}", "Bob")
    browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")
    assert browser.at == f"{home.path}/"
    assert "Signed in with Acme SSO Since" in browser.words
    (event,) = steps.events(home, Event.LOGIN_SUCCEEDED)
    assert (event.detail["proofs"], event.account_id != ada.id) == ("fed", True)


def test_sf04_return_of_a_provider_does_not_complete_a_local_sign_in(home, ada, oidc_peer, browser):
    """The way to the provider was left for the password: its return is awaited no longer."""
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    browser.stop_at(way.origin).open(f"{home.path}/sign-in")
    tx = steps.tx_of(browser)
    browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")
    back = way.idp.approve(browser.foreign, Person(f"bob@{home.domain}"))
    browser.open(f"{home.path}/sign-in?tx={tx}&ended=1").submit(email=ada.email, press="Continue")
    browser.open(f"{home.path}/sign-in/choose?tx={tx}").submit(press="local")
    browser.submit(password=ada.password)
    browser.open(back)
    assert browser.status == 400
    browser.open(f"{home.path}/sign-in/totp?tx={tx}").submit(code=steps.fresh_code(home, ada))
    (event,) = steps.events(home, Event.LOGIN_SUCCEEDED)
    assert (event.account_id, event.connection_id, event.detail["proofs"]) == (ada.id, None, "pwd otp")


def test_sf04_nobody_enrols_an_app_with_a_password_only(home, browser):
    ada = factories.account(home, with_totp=False)
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert browser.status == 403
    assert steps.event_of(browser, home).cause == "factor_enrolment_required"
    tx = browser.page.links[0].href.partition("tx=")[2]
    for step in ("app", "password"):
        assert browser.open(f"{home.path}/activate/{step}?tx={tx}").status == 400


def test_sf05_there_is_no_way_around_the_app(home, ada, browser):
    """No other page goes on from a password: neither to a session nor to a weaker factor."""
    at_code(browser, home, ada)
    links = [link.href for link in browser.page.links if "/sign-in" in link.href.partition("?")[0]]
    assert all(link.startswith(f"{home.path}/sign-in?tx=") for link in links)
    (form,) = browser.page.forms
    assert set(form.fields) == {"csrf_token", "tx", "code"}
    browser.submit(code="")
    assert browser.status == 403
    assert not steps.is_signed_in(browser, home)


def test_sf11_seed_is_sealed_at_rest_and_shown_nowhere_else(home, ada, browser, capfd):
    steps.sign_in(browser, home, ada)
    browser.open(f"{home.path}/")
    assert ada.seed not in browser.text
    with home.db.reading() as db:
        stored = [repr(row.secret_sealed) for row in db.scalars(select(Credential))]
        audited = [str(row.detail) for row in db.scalars(select(AuditEvent))]
    logged = "".join(capfd.readouterr())
    assert stored
    assert all(ada.seed not in text for text in (*stored, *audited, logged))


def test_sf11_page_with_the_seed_is_not_kept_and_shown_once(home, browser, capfd):
    factories.invitation(home, "known-token")
    someone = steps.set_up(browser, home, "known-token")
    assert browser.response.headers["Cache-Control"] == "no-store"
    tx = steps.tx_of(browser)
    browser.submit(code=someone.code(home.now))
    assert browser.open(f"{home.path}/activate/app?tx={tx}").status == 400
    assert someone.seed not in "".join(capfd.readouterr())


def test_sf11_sealed_seed_does_not_open_for_another_account(home, ada, browser):
    bob = factories.account(home)
    with home.db.writing() as db:
        rows = {row.account_id: row for row in db.scalars(select(Credential)) if row.kind == "totp"}
        rows[bob.id].secret_sealed = rows[ada.id].secret_sealed
    at_code(browser, home, bob).submit(code=steps.fresh_code(home, ada))
    assert browser.status >= 400
    assert not steps.is_signed_in(browser, home)

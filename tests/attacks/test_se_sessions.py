"""Attacks on sessions, their cookies and the forms that stand on them (security.md, SE)."""

from datetime import timedelta

import pytest
from sqlalchemy import inspect, select
from werkzeug.test import Client

from broker import create_app
from tenants.accounts import Account
from tenants.ids import digest, new_id
from tenants.sessions import BrowserSession
from tenants.tenants import Tenant
from tenants.transactions import LoginTransaction
from tests import factories
from tests.browser import Browser
from tests.support import steps
from tests.support.routes import csrf_token, tx_of
from tests.support.wiring import ORIGIN, make_ports, make_settings

MAIN = "https://login.example"


@pytest.fixture(scope="module")
def secure(database_url, clock):
    """An installation as it is served, on https."""
    made = create_app(make_settings(database_url, base_url=MAIN), ports=make_ports(clock))
    yield made
    made.extensions["broker"].db.dispose()


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def opened(home):
    return factories.session(home, factories.account(home))


def page_of(app, home, opened, path="/"):
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, opened))
    return client.get(f"{home.path}{path}", base_url=ORIGIN)


def is_welcome(app, home, opened):
    return page_of(app, home, opened).status_code == 200


def cookies(answer):
    """Name → (value, attributes) of what an answer sets."""
    made = {}
    for header in answer.headers.getlist("Set-Cookie"):
        first, *attributes = header.split("; ")
        name, _, value = first.partition("=")
        made[name] = (value, {attribute.lower() for attribute in attributes})
    return made


def test_se01_session_planted_before_sign_in_is_not_taken_over(home, browser):
    ada, mallory = factories.account(home), factories.account(home)
    planted = factories.session(home, mallory)
    browser.client.set_cookie(**factories.cookie_of(home, planted))
    browser.open(f"{home.path}/sign-in/again")
    steps.prove(browser.submit(email=ada.email), home, ada)
    assert ada.email in browser.words
    assert browser.cookie("sid") not in (None, planted.secret)
    with home.db.reading() as db:
        assert db.get_one(BrowserSession, (home.id, planted.row.id)).ended_at is not None


@pytest.mark.both_databases
@pytest.mark.parametrize("invented", ["x", "a" * 43, "", "ü", "a" * 5000], ids=["short", "alike", "empty", "ü", "long"])
def test_se01_invented_session_is_no_session(app, home, invented):
    client = Client(app, use_cookies=False)
    answer = client.get(f"{home.path}/", base_url=ORIGIN, headers={"Cookie": f"{home.slug}-sid={invented}"})
    assert answer.status_code == 303


def test_se01_planted_browser_half_does_not_share_an_attempt(app, home):
    """Who plants `tx` knows the browser's half, but not the attempt's id; who knows the id has another half."""
    attacker, victim = app.test_client(), app.test_client()
    tx = tx_of(attacker, home)
    tx_of(victim, home)
    assert victim.get(f"{home.path}/sign-in?tx={tx}", base_url=ORIGIN).status_code == 400


def test_se02_cookie_is_dead_after_signing_out(app, home, opened):
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, opened))
    token = csrf_token(client, home, "/sign-out")
    client.post(f"{home.path}/sign-out", base_url=ORIGIN, data={"csrf_token": token})
    assert not is_welcome(app, home, opened)


def test_se02_cookie_lives_through_a_restart_and_stays_dead_through_one(app, home, opened, clock, database_url):
    def is_welcome_after_restart():
        again = create_app(make_settings(database_url), ports=make_ports(clock))
        try:
            return is_welcome(again, home, opened)
        finally:
            again.extensions["broker"].db.dispose()

    assert is_welcome_after_restart()
    home.change(BrowserSession, opened.row.id, ended_at=clock.now())
    assert not is_welcome_after_restart()


@pytest.mark.parametrize(
    "values",
    [{"expires_at": timedelta(0)}, {"last_seen_at": -timedelta(minutes=60)}, {"ended_at": timedelta(0)}],
    ids=["too old", "idle", "ended"],
)
def test_se02_session_that_is_over_is_nobody(app, home, opened, clock, values):
    assert is_welcome(app, home, opened)
    home.change(BrowserSession, opened.row.id, **{name: clock.now() + step for name, step in values.items()})
    assert not is_welcome(app, home, opened)


GONE = {
    "switched off": {"state": "disabled"},
    "deactivated": {"state": "deactivated"},
    "inactive": {"state": "inactive"},
    "invited again": {"state": "invited"},
    "deleted": {"state": "deleted"},
    "expired": {"expires_at": True},
}


@pytest.mark.both_databases
@pytest.mark.parametrize("values", GONE.values(), ids=GONE)
def test_se04_account_that_ended_is_out_with_the_next_request(app, home, opened, clock, values):
    assert is_welcome(app, home, opened)
    values = {name: clock.now() if value is True else value for name, value in values.items()}
    home.change(Account, opened.row.account_id, **values)
    assert not is_welcome(app, home, opened)


def test_se04_suspended_tenant_is_closed_with_the_next_request(app, home, opened, clock):
    assert is_welcome(app, home, opened)
    with home.broker.db.platform("a test suspends a tenant", clock.now()) as db:
        db.get_one(Tenant, home.id).status = "suspended"
    assert page_of(app, home, opened).status_code in {303, 403}
    clock.advance(seconds=3)
    assert page_of(app, home, opened).status_code == 403


@pytest.mark.parametrize("form", ["path", "host", "own host"])
def test_se05_cookies_are_named_and_flagged_for_their_address(secure, form):
    host = {"path": None, "host": f"{new_id('h')[2:12]}.login.example", "own host": f"sso.{new_id('h')[2:12]}.example"}[form]
    home = factories.tenant(secure.extensions["broker"], host=host)
    ada = factories.account(home)
    browser = steps_browser(secure, home)
    seen = {}
    browser.open(f"{home.url}/sign-in")
    seen |= cookies(browser.response)
    browser.submit(email=ada.email).submit(password=ada.password)
    tx = next(one.fields["tx"].value for one in browser.page.forms if "tx" in one.fields)
    token = next(one.fields["csrf_token"].value for one in browser.page.forms if "csrf_token" in one.fields)
    code = steps.fresh_code(home, ada)
    answer = browser.client.post(
        f"{home.path}/sign-in/totp", base_url=home.url[: len(home.url) - len(home.path)],
        data={"tx": tx, "csrf_token": token, "code": code},
    )  # fmt: skip
    seen |= cookies(answer)
    prefix, path = (f"__Secure-{home.slug}-", home.path) if form == "path" else ("__Host-", "/")
    assert set(seen) == {f"{prefix}sid", f"{prefix}tx", f"{prefix}last", f"{prefix}dev"}
    assert seen[f"{prefix}sid"][1] == {"secure", "httponly", "samesite=lax", f"path={path}"}
    for name in ("last", "dev"):
        kept = {one for one in seen[f"{prefix}{name}"][1] if not one.startswith(("max-age", "expires"))}
        assert kept == {"secure", "httponly", "samesite=lax", f"path={path}"}
    assert seen[f"{prefix}last"][0] == "local"
    flags = {one for one in seen[f"{prefix}tx"][1] if not one.startswith(("max-age", "expires"))}
    assert flags == {"secure", "httponly", "samesite=none", f"path={path}"}


def steps_browser(app, home):
    return Browser(app, home.url[: len(home.url) - len(home.path)])


def test_se06_cookie_of_a_sibling_host_is_not_accepted(secure):
    """evil.login.example can set a cookie for .login.example, but none whose name begins with __Host-."""
    home = factories.tenant(secure.extensions["broker"], host=f"{new_id('h')[2:12]}.login.example")
    opened = factories.session(home)
    for name in ("sid", f"{home.slug}-sid", f"__Secure-{home.slug}-sid", "__host-sid", "__HOST-sid", "=__Host-sid"):
        headers = {"Cookie": f"{name}={opened.secret}"}
        assert Client(secure, use_cookies=False).get("/", base_url=home.url, headers=headers).status_code == 303, name
    accepted = Client(secure, use_cookies=False).get("/", base_url=home.url, headers={"Cookie": f"__Host-sid={opened.secret}"})
    assert accepted.status_code == 200


def test_se06_nameless_and_doubled_cookies_are_nobody(secure):
    home = factories.tenant(secure.extensions["broker"], host=f"{new_id('h')[2:12]}.login.example")
    opened, other = factories.session(home), factories.session(home)
    for header in (f"={opened.secret}", f"==__Host-sid={opened.secret}", f"=__Host-sid={opened.secret}; __Host-sid=x"):
        answer = Client(secure, use_cookies=False).get("/", base_url=home.url, headers={"Cookie": header})
        assert answer.status_code == 303, header
    doubled = f"__Host-sid={opened.secret}; __Host-sid={other.secret}"
    answer = Client(secure, use_cookies=False).get("/", base_url=home.url, headers={"Cookie": doubled})
    with home.db.reading() as db:
        owner = db.get_one(Account, (home.id, opened.row.account_id))
    assert answer.status_code == 303 or owner.email in answer.text  # the browser's first: its longest path


def test_se08_fifty_abandoned_attempts_leave_one_small_cookie(app, home):
    client = app.test_client()
    for _ in range(50):
        tx_of(client, home)
    sent = [f"{one.key}={one.value}" for one in client._cookies.values()]
    assert len(sent) == 1
    assert len("; ".join(sent)) < 1000


def test_se09_session_of_one_tenant_is_nobody_at_another(app, broker, home, opened):
    other = factories.tenant(broker)
    for name in (f"{other.slug}-sid", "sid"):
        client = app.test_client()
        client.set_cookie(name, opened.secret, domain="localhost", path="/")
        answer = client.get(f"{other.path}/", base_url=ORIGIN)
        assert answer.status_code == 303
        assert home.canary not in answer.text


@pytest.mark.parametrize("path", ["/sign-out", "/oidc/logout/confirmed"])
def test_se10_signing_out_is_no_get(app, home, opened, path):
    assert page_of(app, home, opened, path).status_code == 405
    assert is_welcome(app, home, opened)


def test_se11_use_keeps_a_session_alive_until_its_absolute_end(app, home, opened, clock):
    for _ in range(23):
        clock.advance(minutes=30)
        assert is_welcome(app, home, opened)
    clock.advance(minutes=31)
    assert not is_welcome(app, home, opened)


def test_se12_database_holds_hashes_only(home, browser):
    """What the browser holds stands in no column of any row."""
    ada = factories.account(home)
    steps.sign_in(browser, home, ada)
    held = {one.value for one in browser.client._cookies.values() if not one.key.endswith("last")}
    assert all(len(value) >= 43 for value in held)
    with home.db.reading() as db:
        for model in (BrowserSession, LoginTransaction):
            for row in db.scalars(select(model)):
                kept = {str(getattr(row, column.key)) for column in inspect(model).columns}
                assert not held & kept
        (session,) = db.scalars(select(BrowserSession))
    assert session.cookie_hash == digest(browser.cookie("sid"))


@pytest.mark.parametrize("path", ["/", "/sign-in/again", "/signed-out", "/nowhere"])
def test_se13_pages_are_kept_by_nobody(app, home, opened, path):
    answer = page_of(app, home, opened, path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]

"""What must hold while the product is operated: starts, secrets, failures, several processes (security.md, OP)."""

import base64
import subprocess
import sys

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from broker import create_app
from broker.errors import ANSWERS
from tenants import engine
from tenants.causes import Cause
from tenants.db import Database
from tenants.ids import new_secret
from tenants.models import METADATA
from tests import factories
from tests.browser import Browser
from tests.support import rows, steps
from tests.support.relying_party import RelyingParty
from tests.support.wiring import ORIGIN, make_ports, make_settings

RANDOM_KEY = base64.b64encode(bytes(range(32))).decode()
WEAK = {
    "no key": {"master_keys": ""},
    "a short key": {"master_keys": "k1:" + base64.b64encode(b"short").decode()},
    "a key of zeros": {"master_keys": "k1:" + base64.b64encode(bytes(32)).decode()},
    "a key of one letter": {"master_keys": "k1:" + base64.b64encode(b"a" * 32).decode()},
    "a key that is a word": {"master_keys": "k1:changeme"},
    "an older key that is weak": {"master_keys": f"k2:{RANDOM_KEY},k1:{base64.b64encode(bytes(32)).decode()}"},
    "http to a public host": {"base_url": "http://login.example"},
    "no host": {"base_url": "https://"},
    "another scheme": {"base_url": "ftp://login.example"},
    "a path": {"base_url": "https://login.example/sso"},
    "an unknown option": {"debug": True},
    "a proxy that is no address": {"trusted_proxies": ("everything",)},
}


@pytest.mark.parametrize("changes", WEAK.values(), ids=WEAK)
def test_op01_unsafe_settings_are_refused_at_start(changes):
    with pytest.raises(ValidationError):
        make_settings("sqlite:///:memory:", **changes)


def test_op01_nothing_that_helps_strangers_is_switched_on(app):
    assert not app.debug
    assert not app.testing
    assert app.config["PROPAGATE_EXCEPTIONS"] is None
    assert len(app.config["SECRET_KEY"]) == 32


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def dump(broker, clock):
    """Every value of every row, as a thief of the database would read it."""
    lines = []
    with broker.db.platform("a test reads everything", clock.now()) as db:
        for table in METADATA.sorted_tables:
            lines += [repr(tuple(row)) for row in db.execute(select(table))]
    return "\n".join(lines)


def test_op02_error_of_the_database_says_nothing_of_what_was_written(broker):
    """It goes into the log as it is."""
    home = factories.tenant(broker)
    known, secret = rows.mailed_code(home), new_secret()
    with pytest.raises(IntegrityError) as failed:
        rows.mailed_code(home, id=known.id, code_hash=secret)
    assert secret not in str(failed.value)


def test_op02_no_secret_stands_in_logs_audit_or_database(database_url, clock, caplog):
    settings = make_settings(database_url, log_level="debug")
    app = create_app(settings, ports=make_ports(clock))
    home = factories.tenant(app.extensions["broker"])
    ada, link, upstream_secret = factories.account(home), new_secret(), new_secret()
    factories.invitation(home, link)
    factories.connection(home, "sso", secrets={"client_secret": upstream_secret})
    browser = Browser(app, ORIGIN)
    with capture_logs() as logs:
        browser.open(f"{home.path}/activate/{link}").submit(press="Start")
        browser.open(f"{home.path}/sign-in/again").submit(email=ada.email)
        browser.submit(password="a wrong canary password")
        code = steps.fresh_code(home, ada)
        browser.submit(password=ada.password).submit(code=code)
        party = RelyingParty.of(app, home, secret="client-secret-canary").signed_in(ada)
        grant_code = party.code(scope="openid offline_access")
        tokens = party.redeem(grant_code).json
        party.userinfo(tokens["access_token"])
        party.token(grant_type="authorization_code", code=new_secret(), headers={"Authorization": "Basic eDpjYW5hcnk="})
    assert browser.at == f"{home.path}/"
    secrets = {
        "password": ada.password,
        "wrong password": "a wrong canary password",
        "seed": ada.seed,
        "link": link,
        "upstream secret": upstream_secret,
        "client secret": party.secret,
        "session": browser.cookie("sid"),
        "browser half": browser.cookie("tx"),
        "grant code": grant_code,
        "access token": tokens["access_token"],
        "refresh token": tokens["refresh_token"],
        "master key": settings.master_keys.get_secret_value().partition(":")[2],
    }
    kept = dump(app.extensions["broker"], clock)
    printed = repr(logs) + caplog.text
    app.extensions["broker"].db.dispose()
    assert home.canary in kept
    assert [name for name, value in secrets.items() if value in kept] == []
    assert [name for name, value in secrets.items() if value in printed] == []
    assert any(line["event"] == "request" for line in logs)
    assert settings.master_keys.get_secret_value() not in repr(settings)


def test_op07_database_that_is_not_there_has_its_own_answer(clock):
    dead = create_app(make_settings("postgresql+psycopg://broker@127.0.0.1:9/broker"), ports=make_ports(clock))
    client = dead.test_client()
    page = client.get("/t/acme/sign-in", base_url=ORIGIN)
    assert page.status_code == ANSWERS[Cause.STORE_UNREACHABLE].status == 503
    assert "work right now" in page.text
    assert "psycopg" not in page.text
    assert client.get("/healthz", base_url=ORIGIN).status_code == 200
    assert client.get("/readyz", base_url=ORIGIN).json["status"] == "database does not answer"
    assert client.get("/", base_url=ORIGIN).status_code == 200


def test_op07_locked_database_stops_writes_only_and_only_for_a_time(new_store, clock, monkeypatch):
    """SQLite with another writer that does not end; the wait is made short for the test."""
    monkeypatch.setattr(engine, "_BUSY_MILLISECONDS", 20)
    with new_store("sqlite", migrated=True) as made:
        app = create_app(make_settings(made.url), ports=make_ports(clock))
        parts = app.extensions["broker"]
        home = factories.tenant(parts)
        client = app.test_client()
        client.set_cookie(**factories.cookie_of(home, factories.session(home)))
        other = Database(made.url)
        with other.platform("a writer that takes long", clock.now()) as db:
            db.flush()
            assert client.get(f"{home.path}/", base_url=ORIGIN).status_code == 200
            stopped = client.get(f"{home.path}/sign-in", base_url=ORIGIN)
            assert stopped.status_code == 503
            assert "work right now" in stopped.text
        assert client.get(f"{home.path}/sign-in", base_url=ORIGIN).status_code == 303
        other.dispose()
        parts.db.dispose()


def test_op07_database_without_its_tables_is_not_ready(empty_store, clock):
    settings = make_settings(empty_store.url)
    app = create_app(settings, ports=make_ports(clock))
    ready = app.test_client().get("/readyz", base_url=ORIGIN)
    assert ready.json["status"] == ("ok" if settings.sqlite_path else "database not migrated")
    app.extensions["broker"].db.dispose()


def test_op07_unreachable_provider_of_one_tenant_leaves_others_alone(app, broker, home):
    stuck = factories.connection(home, "gone", options={"issuer": "https://gone.example", "client_id": "x"})
    other = factories.tenant(broker)
    steps.notice(home)
    browser = Browser(app, ORIGIN)
    browser.open(f"{home.path}/sign-in/again")
    browser.open(f"{home.path}/sign-in/go/gone?tx={steps.tx_of(browser)}")
    assert browser.status == 503
    assert stuck.label in browser.words
    assert steps.event_of(browser, home).cause == Cause.UPSTREAM_UNREACHABLE
    ada = factories.account(other)
    assert steps.sign_in(Browser(app, ORIGIN), other, ada).at == f"{other.path}/"


# Another process changes what this one has kept.
CHANGE = """
import sys
from sqlalchemy import update
from tenants.db import Database
from tenants.models import Account, Connection, TenantSettings
url, tenant_id, what = sys.argv[1:]
with Database(url).tenant(tenant_id).writing() as db:
    if what == "account":
        db.execute(update(Account).where(Account.state == "active").values(state="disabled"))
    elif what == "connection":
        db.execute(update(Connection).where(Connection.key == "sso").values(is_enabled=False))
    else:
        db.execute(update(TenantSettings).where(TenantSettings.id == "settings").values(colour="#123456"))
        db.touch_configuration()
"""


def elsewhere(database_url, home, what):
    command = [sys.executable, "-c", CHANGE, database_url, home.id, what]
    subprocess.run(command, check=True, capture_output=True, cwd=factories.__file__.rpartition("/tests/")[0])


def test_op08_disabled_account_is_out_at_once_in_every_process(app, home, database_url):
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, factories.session(home)))
    assert client.get(f"{home.path}/", base_url=ORIGIN).status_code == 200
    elsewhere(database_url, home, "account")
    assert client.get(f"{home.path}/", base_url=ORIGIN).status_code == 303


def test_op08_disabled_connection_is_closed_at_once_in_every_process(app, home, database_url, oidc_peer, new_browser):
    way = steps.oidc_way(home, oidc_peer)
    steps.notice(home)
    browser = new_browser()
    browser.open(f"{home.path}/sign-in/again")
    tx = steps.tx_of(browser)
    elsewhere(database_url, home, "connection")
    browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")
    assert browser.status == 403
    assert steps.event_of(browser, home).cause == Cause.CONNECTION_DISABLED


def test_op08_changed_configuration_is_seen_within_seconds(app, home, database_url, clock):
    client = app.test_client()
    assert "brand.css" not in client.get(f"{home.path}/signed-out", base_url=ORIGIN).text
    elsewhere(database_url, home, "colour")
    clock.advance(seconds=3)
    assert "brand.css" in client.get(f"{home.path}/signed-out", base_url=ORIGIN).text


@pytest.fixture
def two_workers(app, database_url, clock):
    other = create_app(make_settings(database_url), ports=make_ports(clock))
    yield [app, other]
    other.extensions["broker"].db.dispose()


def test_op08_tries_are_counted_over_all_workers(two_workers, home):
    """LC-01: the sixth wrong password is refused unread, whichever worker it meets."""
    ada, answers = factories.account(home), []
    for number in range(6):
        browser = Browser(two_workers[number % 2], ORIGIN)
        browser.open(f"{home.path}/sign-in/again").submit(email=ada.email).submit(password="wrong")
        answers.append(browser.status)
    assert answers == [403] * 5 + [429]


def test_op08_code_is_good_once_over_all_workers(two_workers, home):
    """SF-01: the same code, at two workers."""
    ada, code, ends = factories.account(home), None, []
    for worker in two_workers:
        browser = Browser(worker, ORIGIN)
        browser.open(f"{home.path}/sign-in/again").submit(email=ada.email).submit(password=ada.password)
        code = code or steps.fresh_code(home, ada)
        ends.append(browser.submit(code=code).status)
    assert ends == [200, 403]

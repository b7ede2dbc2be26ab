"""Redis counts tries where it is set up: signing in with it, and without its answer. What is counted: test_throttles.py."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from broker import create_app
from broker.redis_counters import RedisCounters
from broker.signin.tries import _TENANT
from broker.wiring import Broker
from tenants.audit import Event
from tenants.causes import Breakage
from tenants.throttles import PASSWORD_LIMIT, TENANT_LIMIT, Throttle
from tests import factories
from tests.browser import Browser
from tests.support import steps
from tests.support.doors import SECRET, go_through
from tests.support.redis_server import redis_server
from tests.support.rows import backdoor, door_holder
from tests.support.wiring import ORIGIN, make_ports, make_settings


@pytest.fixture(scope="module")
def redis_url():
    with redis_server() as url:
        yield url


@pytest.fixture
def made(store, clock):
    """The product on a Redis at this address, and one of its tenants."""
    apps = []

    def make(url):
        ports = replace(make_ports(clock), counters=RedisCounters(url))
        apps.append(create_app(make_settings(store.url), ports=ports))
        return apps[-1]

    yield make
    for app in apps:
        app.extensions["broker"].db.dispose()


def home_of(app):
    broker: Broker = app.extensions["broker"]
    return factories.tenant(broker)


WRONG = "not it at all"


def guess(app, home, email, password=WRONG):
    browser = Browser(app, ORIGIN)
    browser.open(f"{home.path}/sign-in").submit(email=email)
    return browser.submit(password=password)


def test_tries_pause_there_and_a_right_one_forgets_them(made, redis_url):
    app = made(redis_url)
    home = home_of(app)
    ada = factories.account(home)
    for _ in range(PASSWORD_LIMIT.free):
        assert guess(app, home, ada.email).status == 403
    assert guess(app, home, ada.email, ada.password).status == 429
    home.broker.ports.clock.advance(seconds=2)
    browser = guess(app, home, ada.email, ada.password)
    assert browser.path == f"{home.path}/sign-in/totp"
    assert guess(app, home, ada.email).status == 403
    assert browser.submit(code=ada.code(home.now)).path == f"{home.path}/"
    with home.db.reading() as db:
        assert list(db.scalars(select(Throttle.id))) == []


def test_spray_over_a_tenant_is_seen_there_too(made, redis_url):
    app = made(redis_url)
    home = home_of(app)
    counters = home.broker.ports.counters
    for _ in range(TENANT_LIMIT.free - 1):
        counters.count(home.id, _TENANT, TENANT_LIMIT, home.now)
    ada = factories.account(home)
    assert guess(app, home, ada.email).status == 403
    assert steps.events(home, Event.SPRAYED)[-1].detail == {"wrong passwords": "300"}
    assert guess(app, home, ada.email).status == 429


def test_op07_without_redis_nothing_is_let_pass_and_the_door_opens(made, tmp_path, clock):
    app = made(f"unix://{tmp_path}/nobody.sock")
    home = home_of(app)
    ada = factories.account(home)
    assert guess(app, home, ada.email, ada.password).status == 503
    ready = app.test_client().get("/readyz", base_url=ORIGIN)
    assert (ready.status_code, ready.json["counters"]) == (200, "do not answer")
    backdoor(home, SECRET)
    holder = door_holder(home)
    steps.notice(home)
    assert go_through(Browser(app, ORIGIN), home, holder).path == f"{home.path}/console/"


def test_right_try_that_cannot_be_given_back_stops_no_sign_in(made):
    with redis_server() as url:
        app = made(url)
        home = home_of(app)
        ada = factories.account(home)
        browser = guess(app, home, ada.email, ada.password)
        assert app.test_client().get("/readyz", base_url=ORIGIN).json["counters"] == "ok"
    with pytest.raises(Breakage, match="does not answer"):
        home.broker.ports.counters.forgive(home.id, "password:x")
    assert browser.submit(code=ada.code(home.now)).status == 503


@pytest.mark.parametrize("url", ["http://redis.example", "host:6379"])
def test_address_of_another_kind_is_refused(url):
    with pytest.raises(ValueError, match="rediss://host"):
        make_settings("sqlite:///x.db", redis_url=url)

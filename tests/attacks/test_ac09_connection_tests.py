"""A test sign-in is never a way in (security.md, AC-09), and one under way notices what changed (SU-20)."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from broker import create_app
from tenants.audit import Event
from tenants.connections import Connection
from tenants.domains import Domain
from tests import factories
from tests.browser import Browser
from tests.support import steps
from tests.support.testing_ways import command_of, done, draft, link_of, take, taken, untouched, versions_of
from tests.support.wiring import ORIGIN, make_ports, make_settings


@pytest.fixture
def home(broker):
    return factories.tenant(broker, sign_in_page="buttons")


@pytest.fixture
def way(home, oidc_peer):
    """Switched off, with a person who would be let in at once if it was on."""
    return steps.janes_way(home, oidc_peer, is_enabled=False)


@pytest.fixture
def command(home, database_url):
    return command_of(home, database_url)


def away(browser, link, way):
    """Start a test, and rest where the provider sends the browser back to."""
    browser.open(link).submit(press="Start")
    return way.idp.approve(browser.page.refresh, way.idp.person)


def test_ac09_the_test_of_a_draft_opens_no_session_and_shows_no_button(home, way, command, browser, new_browser, tmp_path):
    draft(command, tmp_path, way.key, label="Canary draft")
    before = untouched(home)
    take(browser, link_of(command, way.key))
    assert "Would get a new account" in browser.words
    assert not browser.cookie("sid")
    assert not steps.is_signed_in(browser, home)
    assert untouched(home) == before
    assert steps.events(home, Event.LOGIN_SUCCEEDED) == []
    for one in (browser, new_browser()):
        page = one.open(f"{home.path}/sign-in").words
        assert way.label not in page
        assert "Canary draft" not in page
    assert browser.open(f"{home.path}/sign-in/go/{way.key}?tx={steps.tx_of(browser)}").status == 403
    assert steps.event_of(browser, home).cause == "connection_disabled"


def test_ac09_the_attempt_of_a_test_is_no_attempt_to_sign_in(home, way, command, browser, new_browser):
    """Its public half opens no other page of the flow, and its link is good for one test in one browser."""
    link = link_of(command, way.key)
    take(browser, link)
    tx = browser.at.partition("tx=")[2]
    before = untouched(home)
    for page in (f"go/{way.key}", "choose", "password", "totp", "factor", "passkey"):
        browser.open(f"{home.path}/sign-in/{page}?tx={tx}")
        assert (browser.status, steps.event_of(browser, home).cause) == (400, "flow_expired"), page
    browser.open(f"{home.path}/sign-in/again?tx={tx}")
    assert browser.path == f"{home.path}/sign-in"
    for stranger in (browser, new_browser()):
        assert stranger.open(link).status == 410
        assert stranger.post(link, {"csrf_token": "x"}).status == 403
    assert new_browser().open(f"{home.path}/sign-in/test?tx={tx}").status == 410
    assert browser.open(f"{home.path}/sign-in/test?tx={tx}").status == 200
    assert untouched(home) == before


def test_ac09_a_link_works_once_in_time_and_for_its_tenant(home, way, command, browser, broker, clock, new_browser):
    other = factories.tenant(broker)
    link = link_of(command, way.key)
    token = link.rpartition("/")[2]
    assert browser.open(f"{other.path}/sign-in/test/{token}").status == 410
    first, second = new_browser().open(link), new_browser().open(link)
    answers = steps.at_once([lambda: first.submit(press="Start").status, lambda: second.submit(press="Start").status])
    assert sorted(answers) == [200, 410]
    late = link_of(command, way.key)
    [test] = [one for one in taken(home) if one.started_at is None]
    with home.db.writing() as db:
        db.merge(test).expires_at = clock.now()
    assert browser.open(late).status == 410


def test_ac09_what_comes_back_counts_in_the_browser_that_started_and_once(home, way, command, browser, new_browser):
    back = away(browser, link_of(command, way.key), way)
    stranger = new_browser().open(back)
    assert (stranger.status, steps.event_of(stranger, home).cause) == (400, "flow_expired")
    assert browser.open(back).page.title.startswith("The test sign-in worked")
    assert browser.open(back).status == 400
    assert [one.cause for one in taken(home)] == [None]


def test_su20_a_test_notices_that_its_version_was_replaced_or_removed(home, way, command, browser, tmp_path):
    """A draft is tested, and another one comes into force before the browser is back: the first does not count as tested."""
    draft(command, tmp_path, way.key, groups_claim="teams")
    back = away(browser, link_of(command, way.key), way)
    draft(command, tmp_path, way.key, groups_claim="others")
    done(command("activate", way.key, "3", "--untested"))
    steps.notice(home)
    browser.open(back)
    assert "Another version came into force meanwhile" in browser.words
    assert [one.cause for one in taken(home)] == ["flow_expired"]
    assert versions_of(home) == [(1, "retired"), (2, "draft"), (3, "active")]
    back = away(browser, link_of(command, way.key), way)
    with home.db.writing() as db:
        for row in (*db.scalars(select(Domain)), db.get_one(Connection, (home.id, way.row.id))):
            db.delete(row)
            db.flush()
        db.touch_configuration()
    steps.notice(home)
    assert browser.open(back).status == 404
    assert not steps.is_signed_in(browser, home)


def test_su20_a_sign_in_under_way_ends_when_another_version_comes_into_force(home, way, command, browser, tmp_path):
    way.change(is_enabled=True)
    for what in ("activate", "roll-back", "switch"):
        browser.forget_cookies()
        browser.stop_at(way.origin)
        steps.enter(browser, home, way)
        back = way.idp.approve(browser.foreign, way.idp.person)
        browser.foreign = None
        if what == "activate":
            number = draft(command, tmp_path, way.key, groups_claim="teams")
            done(command("activate", way.key, number, "--untested"))
        else:
            done(command(what, way.key, 1 if what == "roll-back" else "off"))
        browser.open(back)
        wanted = "connection_disabled" if what == "switch" else "flow_expired"
        assert steps.event_of(browser, home).cause == wanted, what
        assert not browser.cookie("sid"), what
        steps.notice(home)


def test_su20_values_of_a_version_go_with_its_number_in_every_process(home, way, browser, oidc_peer, database_url, clock):
    """Two processes that have not noticed a change yet: one sends the person off, the other takes what comes back."""
    way.change(is_enabled=True)
    other = create_app(make_settings(database_url), ports=make_ports(clock))
    elsewhere = other.extensions["broker"]
    elsewhere.ports.http.open(oidc_peer.origin, oidc_peer)
    there = Browser(other, ORIGIN)
    for one in (browser, there):
        one.open(f"{home.path}/sign-in/again")
    newer = oidc_peer.issuer()
    newer.person = way.idp.person
    home.change(Connection, way.row.id, options={"issuer": newer.issuer, "client_id": newer.client_id}, version=2)
    browser.stop_at(way.origin).open(f"{home.path}/sign-in/go/{way.key}?tx={steps.tx_of(browser)}")
    assert browser.foreign.startswith(newer.issuer)
    there.client.set_cookie(f"{home.slug}-tx", browser.cookie("tx"), path=home.path, domain="localhost")
    assert there.open(newer.approve(browser.foreign)).at == f"{home.path}/"
    assert (way.idp.hits["token"], newer.hits["token"]) == (0, 1)
    elsewhere.db.dispose()


def test_op02_what_a_test_keeps_and_shows_holds_nothing_that_opens_something(home, way, command, browser):
    """A provider that sends back what it was sent: as the word and the words of an error, and in claims."""
    told = (
        {"error": "{}", "description": "no {}"},
        {"error": "access_denied", "description": "no {}"},
        {"hint": "x {}", "name": "Jane {}"},
    )
    opening = []
    for says in told:
        browser.open(link_of(command, way.key)).submit(press="Start")
        url = browser.page.refresh
        asked = parse_qs(urlsplit(url).query)
        opening += [asked["state"][0], asked["nonce"][0]]
        for secret in opening[-2:]:
            said = {name: value.format(secret) for name, value in says.items()}
            way.idp.error_callback(**said) if "error" in said else way.idp.forgets().says(**said)
        browser.open(way.idp.approve(url))
        assert not [one for one in opening if one in browser.text], says
    kept = json.dumps([[one.result for one in taken(home)], [one.detail for one in steps.events(home)]])
    assert [one.cause for one in taken(home)] == ["upstream_denied", "upstream_denied", None]
    assert not [one for one in opening if one in kept]

"""A SAML connection whose provider's metadata is fetched: who gets in while it changes, and what admins hear of it."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.cli.doctor import findings
from broker.daily import ASKING_SECONDS
from broker.provider_metadata import Followed, MetadataRounds, refresh
from tenants.audit import Event
from tenants.connections import Connection
from tenants.metadata_changes import EVERY
from tenants.outbox import OutboxMail
from tenants.saml_metadata import BATCH, FetchedMetadata
from tests import factories
from tests.peers.people import Person
from tests.peers.xml_signing import saml_key
from tests.support import steps
from tests.support.commands import environment, run

HOSTILE = {
    "entity id": ("entity_id", lambda idp: _publish(idp, "entityID=", 'entityID="https://evil.example" was=')),
    "all keys": ("keys", lambda idp: setattr(idp, "keys", [saml_key(7), saml_key(8)])),
    "over": ("expired", lambda idp: _publish_what_is_over(idp)),
    "http": ("address", lambda idp: _publish(idp, 'Location="https', 'Location="http')),
    "script": ("address", lambda idp: _publish(idp, 'Location="https://', 'Location="javascript://')),
    "file": ("address", lambda idp: _publish(idp, 'Location="https://', 'Location="file://')),
}
USELESS = {
    "an error": Response("not now", 503),
    "a page": Response("<html><body>Be back soon</body></html>"),
    "somewhere else": Response(status=302, headers={"Location": "https://evil.example/"}),
    "too much": Response("x" * 1_000_001),
    "no text": Response(b"\xff\xfe"),
    "an entity": Response("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"),
}


def _publish(idp, old, new):
    idp.publishes = Response(idp.metadata().replace(old, new))


def _publish_what_is_over(idp):
    """With a key more: what counts already may grow old."""
    idp.keys.append(saml_key(9))
    _publish(idp, "entityID=", 'validUntil="2020-01-01T00:00:00Z" entityID=')
    idp.keys.pop()


@pytest.fixture
def home(broker):
    return factories.tenant(broker, local_enabled=False, sign_in_page="email_first")


@pytest.fixture
def way(home, saml_peer):
    idp = saml_peer.provider()
    columns = {"provisioning": "just_in_time", "options": idp.options_by_address(), "secrets": {}}
    made = steps.Way(home, factories.connection(home, "company", kind="saml", label="Company login", **columns), idp)
    steps.listed(home, way=made, proven=True)
    idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    return made


@pytest.fixture
def admin(home):
    return factories.account(home, role="admin")


def is_let_in(browser, home, way):
    browser.forget_cookies()
    steps.enter_by_saml(browser, home, way)
    return browser.at == f"{home.path}/"


def copy_of(home, way):
    with home.db.reading() as db:
        return db.get_one(FetchedMetadata, (home.id, way.row.id))


def followed(home, way):
    with home.db.reading() as db:
        return Followed.of(home.id, db.get_one(Connection, (home.id, way.row.id)))


def later(home, **time):
    """So much time passes, and what is due by then is asked."""
    home.broker.ports.clock.advance(**(time or {"hours": 4, "seconds": 1}))
    rounds = MetadataRounds()
    while rounds.work(home.broker):
        pass
    steps.notice(home)


def mails_to(home, someone):
    with home.db.reading() as db:
        return db.scalars(select(OutboxMail).where(OutboxMail.to_address == someone.email)).all()


def test_first_sign_in_reads_the_metadata_and_the_next_ones_do_not(home, way, browser, peers):
    for _ in range(3):
        assert is_let_in(browser, home, way)
        steps.notice(home)
    assert way.idp.hits["metadata"] == 1
    (taken,) = steps.events(home, Event.METADATA_TAKEN)
    assert taken.connection_id == way.row.id
    assert peers.patience[way.idp.entity_id] == 5
    later(home)
    assert way.idp.hits["metadata"] == 2
    assert peers.patience[way.idp.entity_id] == ASKING_SECONDS, "the mails wait meanwhile"
    assert len(steps.events(home, Event.METADATA_TAKEN)) == 1


def test_provider_that_is_not_there_at_first_can_be_tried_again(home, way, browser):
    way.idp.publishes = USELESS["an error"]
    steps.enter(browser, home, way)
    assert (browser.status, steps.event_of(browser, home).cause) == (503, "upstream_unreachable")
    assert "status 503" in steps.event_of(browser, home).detail["description"]
    way.idp.publishes = None
    home.broker.ports.clock.advance(seconds=20)
    assert is_let_in(browser, home, way)


def test_metadata_that_is_over_at_first_leads_nobody_there(home, way, browser):
    HOSTILE["over"][1](way.idp)
    steps.enter(browser, home, way)
    assert steps.event_of(browser, home).cause == "connection_misconfigured"
    assert steps.events(home, Event.KEYS_PROPOSED)


def test_su24_new_key_beside_a_known_one_is_taken_audited_and_mailed(home, way, admin, browser):
    assert is_let_in(browser, home, way)
    way.idp.signs_with(saml_key(2))
    assert not is_let_in(browser, home, way)
    later(home)
    assert is_let_in(browser, home, way)
    _, second = steps.events(home, Event.METADATA_TAKEN)
    assert (bool(second.detail.get("added")), second.detail.get("removed")) == (True, None)
    assert [mail.message for mail in mails_to(home, admin)] == ["provider_keys"]
    way.idp.keys.pop(0)
    later(home)
    way.idp.signs_with(saml_key(2))
    assert not is_let_in(browser, home, way), "a key that was withdrawn counts no more"


def test_su24_what_changes_too_much_is_proposed_once_and_not_taken(home, way, admin, browser):
    assert is_let_in(browser, home, way)
    good = list(way.idp.keys)
    for number, (name, (why, change)) in enumerate(HOSTILE.items(), 1):
        way.idp.keys, way.idp.publishes = list(good), None
        change(way.idp)
        later(home)
        later(home)
        if name == "all keys":
            assert not is_let_in(browser, home, way)
        way.idp.keys = list(good)
        assert is_let_in(browser, home, way), name
        found = steps.events(home, Event.KEYS_PROPOSED)
        assert (len(found), found[-1].detail["why"]) == (number, why), name
        assert copy_of(home, way).proposed_why == why
        assert len(mails_to(home, admin)) == number, name
    way.idp.publishes = None
    later(home)
    assert copy_of(home, way).proposed is None
    assert len(steps.events(home, Event.METADATA_TAKEN)) == 1


def test_last_good_copy_is_used_while_the_address_fails_and_it_is_asked_less_and_less(home, way, admin, browser):
    assert is_let_in(browser, home, way)
    for number, (name, answer) in enumerate(USELESS.items(), 1):
        way.idp.publishes = answer
        later(home, hours=25)
        row = copy_of(home, way)
        assert row.fault, name
        assert row.failures == number
        assert row.due_at - row.checked_at == min(timedelta(minutes=15) * 2 ** (number - 1), timedelta(hours=24))
        assert is_let_in(browser, home, way), name
    assert not steps.events(home, Event.KEYS_PROPOSED)
    assert not mails_to(home, admin)
    assert any("could not be read" in str(finding.sentence) for place, finding in findings(home.broker) if home.slug in place)
    way.idp.publishes = None
    later(home, hours=25)
    assert (copy_of(home, way).fault, copy_of(home, way).failures) == (None, 0)


def test_another_address_begins_anew_and_without_one_nothing_is_kept(home, way, saml_peer, browser):
    assert is_let_in(browser, home, way)
    other = saml_peer.provider()
    other.person = Person(f"joe@{home.domain}", "Joe", "Doe")
    way.change(options=other.options_by_address())
    assert is_let_in(browser, home, steps.Way(home, way.row, other))
    assert not steps.events(home, Event.KEYS_PROPOSED)
    way.change(options=other.options())
    later(home)
    with home.db.reading() as db:
        assert db.get(FetchedMetadata, (home.id, way.row.id)) is None
    assert is_let_in(browser, home, steps.Way(home, way.row, other))


def test_suspended_tenant_asks_nobody(broker, saml_peer):
    home = factories.tenant(broker, status="suspended")
    idp = saml_peer.provider()
    row = factories.connection(home, kind="saml", options=idp.options_by_address(), secrets={})
    home.add(FetchedMetadata(id=row.id, url=idp.entity_id, checked_at=home.now, due_at=home.now, failures=0))
    later(home)
    assert idp.hits["metadata"] == 0


def test_ou14_what_can_not_be_asked_does_not_stand_before_the_others(broker, home, way, browser):
    """More than a batch of them, all longer overdue: of a suspended tenant, and one whose options don't fit."""
    assert is_let_in(browser, home, way)
    asleep = factories.tenant(broker, status="suspended")
    unfit = factories.connection(home, kind="saml", options={"metadata_url": "ftp://idp.example"}, secrets={})
    others = [(asleep, factories.connection(asleep, kind="saml", secrets={}).id) for _ in range(BATCH)] + [(home, unfit.id)]
    long_ago = home.now - timedelta(days=1)
    for tenant, key in others:
        tenant.add(FetchedMetadata(id=key, url="https://idp.example", checked_at=long_ago, due_at=long_ago, failures=0))
    later(home)
    assert way.idp.hits["metadata"] == 2, "all that was due was asked in one go"
    for tenant, key in others:
        with tenant.db.reading() as db:
            assert db.get_one(FetchedMetadata, (tenant.id, key)).due_at > home.now + EVERY - timedelta(minutes=1)


def test_su24_copy_that_no_longer_fits_or_can_not_be_read_lets_nothing_else_in_its_place(home, way, browser):
    assert is_let_in(browser, home, way)
    good = copy_of(home, way).document
    home.change(FetchedMetadata, way.row.id, document=good.replace("HTTP-POST", "SOAP"))
    way.change(options=way.idp.options_by_address(request_binding="post"))
    HOSTILE["entity id"][1](way.idp)
    later(home)
    assert copy_of(home, way).proposed_why == "entity_id"
    home.change(FetchedMetadata, way.row.id, document="<cut")
    way.idp.publishes = None
    later(home)
    later(home)
    row = copy_of(home, way)
    assert (row.document, row.proposed, row.proposed_why) == ("<cut", good, "unreadable")
    assert [event.detail["why"] for event in steps.events(home, Event.KEYS_PROPOSED)] == ["entity_id", "unreadable"]


def test_of_two_that_ask_at_once_the_first_to_write_counts(home, way, browser):
    assert is_let_in(browser, home, way)
    way.idp.keys.insert(0, saml_key(3))
    home.broker.ports.clock.advance(minutes=1)
    one = followed(home, way)
    steps.at_once([lambda: refresh(home.broker, one)] * 4)
    assert len(steps.events(home, Event.METADATA_TAKEN)) <= 1 + 4
    assert copy_of(home, way).fault is None


class TestCommand:
    @pytest.fixture
    def command(self, home, way, database_url):
        variables = environment(database_url)
        return lambda *more: run("connection", "metadata", home.slug, way.key, *more, **variables)

    def test_it_shows_what_counts_and_says_what_it_can_not_do(self, home, way, browser, command, database_url):
        assert "not asked yet" in command().output
        assert "Nothing waits" in command("--accept").output
        assert is_let_in(browser, home, way)
        assert f"In force: {way.idp.entity_id}" in command().output
        variables = environment(database_url)
        assert "no such connection" in run("connection", "metadata", home.slug, "nobody", **variables).output
        way.change(options=way.idp.options())
        assert "no metadata_url" in command().output
        way.change(options={"metadata_url": "https://127.0.0.1/metadata"})
        asked = command("--refresh").output
        assert "no copy that could be used" in asked
        assert "The last try failed" in asked

    def test_su24_proposal_counts_once_an_admin_accepts_it(self, home, way, browser, command):
        assert is_let_in(browser, home, way)
        HOSTILE["all keys"][1](way.idp)
        later(home)
        assert not is_let_in(browser, home, way)
        assert "none of the keys that were known" in command("--accept").output, "it asks first"
        assert not is_let_in(browser, home, way)
        assert "Waits" not in command("--accept", "--yes").output
        steps.notice(home)
        assert is_let_in(browser, home, way)
        # Not by their order: commands go by the real time.
        assert [event.detail["by"] for event in steps.events(home, Event.METADATA_TAKEN)].count("operator") == 1

    def test_su24_what_was_accepted_after_its_end_is_not_proposed_again(self, home, way, admin, browser, command):
        _publish_what_is_over(way.idp)
        steps.enter(browser, home, way)
        command("--accept", "--yes")
        steps.notice(home)
        for _ in range(2):
            later(home)
            assert is_let_in(browser, home, way)
        assert len(steps.events(home, Event.KEYS_PROPOSED)) == 1
        assert "Waits" not in command().output

    def test_su24_refresh_that_is_under_way_does_not_undo_what_is_accepted(self, home, way, browser, command):
        assert is_let_in(browser, home, way)
        before = way.idp.metadata()
        HOSTILE["all keys"][1](way.idp)
        later(home)
        accepted = way.idp.metadata()

        def answers_late(environ, start_response):
            assert "Waits" not in command("--accept", "--yes").output
            return Response(before)(environ, start_response)

        way.idp.publishes = answers_late
        refresh(home.broker, followed(home, way))
        assert copy_of(home, way).document == accepted

    def test_su24_what_was_rejected_is_not_proposed_again(self, home, way, browser, command):
        assert is_let_in(browser, home, way)
        HOSTILE["all keys"][1](way.idp)
        later(home)
        assert "Waits" not in command("--reject").output
        later(home)
        assert len(steps.events(home, Event.KEYS_PROPOSED)) == len(steps.events(home, Event.KEYS_REJECTED)) == 1
        assert not is_let_in(browser, home, way)
        way.idp.keys = [saml_key(9)]
        later(home)
        assert len(steps.events(home, Event.KEYS_PROPOSED)) == 2

    def test_su24_what_names_an_unsafe_address_can_not_be_accepted(self, home, way, browser, command):
        assert is_let_in(browser, home, way)
        HOSTILE["script"][1](way.idp)
        later(home)
        assert "can't be used" in command("--accept", "--yes").output
        assert copy_of(home, way).document == way.idp.metadata()

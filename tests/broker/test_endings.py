"""The calendar of certificates and secrets: what it lists, and the mails before something runs out."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from broker.endings import daily_warnings, endings_of
from broker.system import SystemClock
from tenants.connection_health import SentNotice
from tenants.connections import Connection
from tenants.endings import STAGES, warn
from tenants.ids import new_id
from tenants.keys import SigningKey
from tenants.outbox import OutboxMail
from tenants.saml_metadata import FetchedMetadata
from tests import factories
from tests.peers.xml_signing import saml_key
from tests.support import steps
from tests.support.commands import environment, run


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def admin(home):
    return factories.admin(home)


def secret_until(home, ends_at, key="sso"):
    return factories.connection(home, key, label="Acme SSO", secret_expires_at=ends_at)


def warned(home, now):
    return warn(home.broker.db, home.broker.vault, home.id, endings_of(home.broker, home.id), now)


def mails_of(home):
    with home.db.reading() as db:
        return [(mail.to_address, mail.message) for mail in db.scalars(select(OutboxMail))]


def test_admins_are_told_30_14_7_and_1_days_before_and_once_after(home, admin):
    end = home.now + timedelta(days=100)
    secret_until(home, end)
    factories.account(home, role="helpdesk")
    owner = factories.account(home, role="owner")
    told = [len(warned(home, home.now + timedelta(days=days, hours=12))) for days in range(140)]
    days = [day for day, count in enumerate(told) for _ in range(count)]
    assert days == [70, 86, 93, 99, 100]
    mails = mails_of(home)
    assert len(mails) == 2 * (len(STAGES) + 1)
    assert {address for address, _message in mails} == {admin.email, owner.email}
    assert {message for _address, message in mails} == {"connection_ends"}


def test_new_secret_has_notices_of_its_own(home, admin):
    way = secret_until(home, home.now + timedelta(days=5))
    assert len(warned(home, home.now)) == 1
    assert warned(home, home.now) == []
    home.change(Connection, way.id, secret_expires_at=home.now + timedelta(days=6))
    assert len(warned(home, home.now)) == 1
    home.change(Connection, way.id, is_enabled=False)
    assert endings_of(home.broker, home.id) == []


def test_certificates_of_a_provider_are_listed_with_what_follows_them(home, saml_peer, database_url):
    way = steps.saml_way(home, saml_peer)
    way.idp.keys.append(saml_key(2))
    way.change(options=way.idp.options())
    lines = run("connection", "calendar", home.slug, **environment(database_url)).stdout.splitlines()
    assert len([line for line in lines if "provider's certificate" in line]) == 2
    assert len([line for line in lines if "own certificate" in line]) == 1
    assert lines[0].split() == ["connection", "what", "name", "ends"]
    found = endings_of(home.broker, home.id)
    assert [one.ends_at for one in found] == sorted(one.ends_at for one in found)
    latest = max(one.ends_at for one in found if one.thing == "certificate")
    assert {one.successor_ends_at for one in found if one.thing == "certificate"} <= {None, latest}


def test_certificates_of_fetched_metadata_are_listed(home, saml_peer):
    way = steps.saml_way(home, saml_peer)
    way.change(options=way.idp.options_by_address())
    assert [one.thing for one in endings_of(home.broker, home.id)] == ["own_certificate"]
    columns = {"url": "https://idp.example/metadata", "checked_at": home.now, "due_at": home.now}
    home.add(FetchedMetadata(id=way.row.id, document=way.idp.metadata(), **columns))
    assert [one.thing for one in endings_of(home.broker, home.id)].count("certificate") == len(way.idp.keys)


def test_own_certificate_that_ends_is_told_of(home, admin, saml_peer):
    steps.saml_way(home, saml_peer)
    (own,) = [one for one in endings_of(home.broker, home.id) if one.thing == "own_certificate"]
    with home.db.reading() as db:
        assert own.name in db.scalars(select(SigningKey.id)).all()
    told = warned(home, own.ends_at - timedelta(days=2))
    assert own in told


def test_connection_whose_options_do_not_fit_holds_nobody_up(home, saml_peer):
    factories.connection(home, "old", kind="saml", options={"nothing": "here"}, secrets={})
    factories.connection(home, "unknown", kind="carrier-pigeon", options={}, secrets={})
    factories.connection(home, "odd", options={"client_certificate": "no certificate"})
    options = {"client_certificate": saml_key(1).pem}
    factories.connection(home, "by-certificate", options=options)
    secret_until(home, home.now + timedelta(days=5))
    assert {one.connection: one.thing for one in endings_of(home.broker, home.id)} == {
        "sso": "secret",
        "by-certificate": "client_certificate",
        "": "own_certificate",
    }


def test_daily_job_tells_once_a_night_and_leaves_suspended_tenants_alone(broker, home, admin, monkeypatch):
    monkeypatch.setattr("broker.endings.JOB", new_id("ends"))
    secret_until(home, home.now + timedelta(days=5))
    closed = factories.tenant(broker, status="suspended")
    factories.admin(closed)
    secret_until(closed, home.now + timedelta(days=5))
    broken = factories.tenant(broker)
    monkeypatch.setattr("broker.endings.endings_of", lambda of, tenant: _failing(broken, of, tenant))
    for _ in range(2):
        worker = daily_warnings()
        while worker.work(broker):
            pass
    assert mails_of(home) == [(admin.email, "connection_ends")]
    assert mails_of(closed) == []
    with home.db.reading() as db:
        assert len(db.scalars(select(SentNotice)).all()) == 1


def _failing(broken, broker, tenant_id):
    if tenant_id == broken.id:
        raise ZeroDivisionError
    return endings_of(broker, tenant_id)


def test_doctor_says_what_ends_soon(own_broker, own_store):
    home, variables = factories.tenant(own_broker), environment(own_store.url)
    really_now = SystemClock().now()
    secret_until(home, really_now + timedelta(days=2))
    secret_until(home, really_now - timedelta(days=2), "old")
    lines = run("doctor", **variables).stdout.splitlines()
    (line,) = [one for one in lines if f"tenants.{home.slug}.connections.sso: Its client secret" in one]
    assert line.startswith("warn")
    nothing = factories.tenant(home.broker)
    told = run("connection", "calendar", nothing.slug, **variables)
    assert told.stdout == "Nothing has an end that is known.\n"
    listed = run("connection", "calendar", **variables).stdout.splitlines()
    told = [line.split()[-2:] for line in listed if home.slug in line]
    assert told == [["UTC", "over"], ["1", "day"]]

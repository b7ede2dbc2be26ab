"""AC-12: whoever writes to the database behind the product's back is found by the chain of the log."""

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import IntegrityError

from broker.audit_chain import Sealer, _checks, is_chain_broken
from broker.wiring import make_broker
from tenants.audit import AuditChain, AuditEvent, Event, append
from tenants.chains import CHAIN_ID, Fault
from tenants.resealing import reseal
from tenants.sealing import KEEP_PLATFORM, ChainBroken, Log, forget_platform, head_of, seal_batch, verify
from tenants.sweeping import sweep
from tenants.tenants import PlatformEvent
from tests import factories
from tests.support.commands import environment, run
from tests.support.stores import ON_POSTGRESQL, ON_SQLITE
from tests.support.wiring import make_ports, make_settings

ENTRIES = 6
OTHER_KEY = "new:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="


@pytest.fixture(scope="module")
def database_url(own_store):
    return own_store.url


@pytest.fixture(scope="module")
def broker(own_broker):
    return own_broker


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def log(broker, home):
    """A new tenant's log with a few sealed entries."""
    write(home, ENTRIES)
    log = Log(broker.db, broker.vault, home.id)
    assert seal_batch(log) >= ENTRIES
    assert seal_batch(log) == 0  # now it has inherited what there was to inherit
    return log


def write(home, count):
    with home.db.writing() as session:
        for number in range(count):
            append(session, Event.LOGIN_REFUSED, at=home.now, cause="told", detail={"number": number, "odd": "ä\u2028\x00"})


def found(log, now, **more):
    """The fault, or None where everything fits."""
    return next((one for one in verify(log, now, **more) if isinstance(one, Fault)), None)


def ids(log):
    with log.writing() as session:
        return list(session.scalars(select(AuditEvent.id).order_by(AuditEvent.number)))


def as_owner(store, *statements, **values):
    """What a writer to the database can do: the owner of the tables switches the triggers off, and sees every row."""
    engine = create_engine(store.owner_url)
    with engine.begin() as connection:
        if store.backend == "postgresql":
            connection.execute(text("SELECT set_config('broker.platform', 'on', true)"))
            connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        else:
            made = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, _sql in made:
                connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(text(statement), values)
        if store.backend == "postgresql":
            connection.execute(text("ALTER TABLE audit_events ENABLE TRIGGER USER"))
        else:
            for _name, sql in made:
                connection.execute(text(sql))
    engine.dispose()


COPY = (
    "INSERT INTO audit_events (tenant_id, id, at, event, cause, detail, number, seal, signature) "
    "SELECT tenant_id, 'aud_new', at, event, cause, detail, {number}, {seal}, signature FROM audit_events "
    "WHERE tenant_id = :tenant AND id = :third"
)
TAMPERING = {
    "a-cause-was-changed": (("UPDATE audit_events SET cause = 'other' WHERE tenant_id = :tenant AND id = :third",), 3),
    "a-time-was-changed": (("UPDATE audit_events SET at = '2020-01-01' WHERE tenant_id = :tenant AND id = :third",), 3),
    "an-entry-was-removed": (("DELETE FROM audit_events WHERE tenant_id = :tenant AND id = :third",), 3),
    "the-last-was-removed": (("DELETE FROM audit_events WHERE tenant_id = :tenant AND id = :last",), None),
    "two-changed-places": (
        (
            "UPDATE audit_events SET number = -1 WHERE tenant_id = :tenant AND id = :third",
            "UPDATE audit_events SET number = 3 WHERE tenant_id = :tenant AND number = 4",
            "UPDATE audit_events SET number = 4 WHERE tenant_id = :tenant AND id = :third",
        ),
        3,
    ),
    "one-was-put-at-the-end": ((COPY.format(number="(SELECT max(number) + 1 FROM audit_events)", seal="seal"),), None),
    "the-chain-was-cut-back": (
        (
            "DELETE FROM audit_events WHERE tenant_id = :tenant AND id = :last",
            "UPDATE audit_chains SET number = number - 1 WHERE tenant_id = :tenant",
        ),
        None,
    ),
    "the-beginning-was-cut-off": (("UPDATE audit_chains SET anchor_number = 3 WHERE tenant_id = :tenant",), None),
    "the-chain-was-removed": (("DELETE FROM audit_chains WHERE tenant_id = :tenant",), None),
    "another-key-was-put-in": (("UPDATE audit_chains SET key_sealed = 'v1.test.AAAA' WHERE tenant_id = :tenant",), None),
}


@ON_SQLITE
@pytest.mark.parametrize(("statements", "number"), TAMPERING.values(), ids=TAMPERING)
def test_ac12_what_a_writer_of_the_database_does_is_found(own_store, broker, clock, log, statements, number):
    assert found(log, clock.now()) is None
    listed = ids(log)
    as_owner(own_store, *statements, tenant=log.tenant_id, third=listed[2], last=listed[-1])
    fault = found(log, clock.now())
    assert fault is not None
    assert number is None or (fault.number == number and (fault.entry in listed or "removed" in fault.sentence))


@ON_SQLITE
@pytest.mark.parametrize("signature", [None, "test.00", "copied"])
def test_ac12_an_entry_that_the_product_did_not_write_is_found_when_it_is_sealed(own_store, broker, clock, log, signature):
    listed = ids(log)
    if signature == "copied":
        statement = COPY.format(number="NULL", seal="NULL")
    else:
        statement = (
            "INSERT INTO audit_events (tenant_id, id, at, event, detail, signature) "
            "VALUES (:tenant, 'aud_new', '2021-03-02 09:00:00+00:00', 'login.succeeded', '{}', :signature)"
        )
    as_owner(own_store, statement, tenant=log.tenant_id, third=listed[2], signature=signature)
    assert seal_batch(log) == 1
    fault = found(log, clock.now())
    assert (fault.entry, fault.sentence) == ("aud_new", "it was not written by the product")


def test_ac12_entries_of_before_are_taken_over_once(own_store, broker, clock, home):
    log = Log(broker.db, broker.vault, home.id)
    insert = (
        "INSERT INTO audit_events (tenant_id, id, at, event, detail) "
        "VALUES (:tenant, :id, '2021-03-02 09:00:00+00:00', 'login.succeeded', '{}')"
    )
    as_owner(own_store, insert, tenant=home.id, id="aud_old")
    assert seal_batch(log) == 1
    assert found(log, clock.now()) is None
    as_owner(own_store, insert, tenant=home.id, id="aud_late")
    seal_batch(log)
    assert found(log, clock.now()).entry == "aud_late"


@ON_SQLITE
def test_ac12_a_log_that_was_restored_to_a_shorter_one_differs_from_the_noted_head(own_store, clock, log):
    head = head_of(log)
    assert found(log, clock.now(), head=head) is None
    assert found(log, clock.now(), head=(head[0] + 1, head[1])).number == head[0] + 1
    assert found(log, clock.now(), head=(2, head[1])).number == 2


@ON_SQLITE
def test_ac12_alarm_is_given_once_and_health_shows_it(own_store, broker, clock, log):
    third = ids(log)[2]
    as_owner(own_store, "UPDATE audit_events SET cause = 'x' WHERE id = :third", third=third)
    for _ in range(2):
        list(_checks(broker, clock.now()))
    with log.writing() as session:
        alarms = session.scalars(select(AuditEvent).where(AuditEvent.event == Event.LOG_BROKEN.value)).all()
        assert [alarm.detail["detail"].startswith(f"entry 3 ({third})") for alarm in alarms] == [True]
    with broker.db.own_tables() as own:
        deeds = own.scalars(select(PlatformEvent).where(PlatformEvent.tenant_id == log.tenant_id)).all()
        assert [deed.event for deed in deeds] == ["audit.broken"]
    assert is_chain_broken(broker)
    variables = environment(own_store.url)
    result = run("audit", "verify", **variables)
    assert result.exit_code == 1
    assert f"entry 3 ({third}): it was changed" in result.output
    assert "bad   audit: A log was tampered with" in run("doctor", **variables).output
    as_owner(own_store, "UPDATE audit_events SET cause = 'told' WHERE id = :third", third=third)
    assert found(log, clock.now()) is None


@ON_SQLITE
def test_ac12_verify_names_the_log_and_takes_the_warning_back(own_store, broker, clock, home):
    write(home, 2)
    log, variables = Log(broker.db, broker.vault, home.id), environment(own_store.url)
    seal_batch(log)
    with log.writing() as session:
        session.get(AuditChain, (home.id, CHAIN_ID)).broken_at = clock.now()
    number, seal = head_of(log)
    result = run("audit", "verify", home.slug, "--head", f"{number}:{seal}", **variables)
    assert (result.exit_code, result.output) == (0, f"ok    {home.slug}: 2 entries, the last is 2:{seal}\n")
    with log.writing() as session:
        assert session.get(AuditChain, (home.id, CHAIN_ID)).broken_at is None
    assert run("audit", "verify", "--head", "1:00", **variables).exit_code == 1
    assert "64 hexadecimal digits" in run("audit", "verify", "--platform", "--head", "1:00", **variables).output
    assert "entries sealed" in run("audit", "seal", home.slug, **variables).output


@ON_SQLITE
def test_ac12_chain_outlives_a_change_of_the_master_key(own_store, broker, clock, home):
    write(home, 2)
    old = make_settings(own_store.url).master_keys.get_secret_value()
    seal_batch(Log(broker.db, broker.vault, home.id))
    both = make_broker(make_settings(own_store.url, master_keys=f"{OTHER_KEY},{old}"), make_ports(clock))
    with both.db.tenant(home.id).writing() as session:
        append(session, Event.LOGIN_REFUSED, at=clock.now())
    # Who has the old key alone leaves the entry to one who has both.
    assert seal_batch(Log(broker.db, broker.vault, home.id)) == 0
    assert seal_batch(Log(both.db, both.vault, home.id)) == 1
    reseal(both.db, both.vault)
    new = make_broker(make_settings(own_store.url, master_keys=OTHER_KEY), make_ports(clock))
    assert found(Log(new.db, new.vault, home.id), clock.now()) is None
    assert found(Log(new.db, new.vault), clock.now()) is None
    # The file's other tests go on with the old key.
    back = make_broker(make_settings(own_store.url, master_keys=f"{old},{OTHER_KEY}"), make_ports(clock))
    reseal(back.db, back.vault)
    for one in (both, new, back):
        one.db.dispose()


def test_ac12_old_events_of_the_platform_go_and_the_chain_begins_behind_them(broker, clock):
    log = Log(broker.db, broker.vault)
    for days in (KEEP_PLATFORM.days + 1, *range(12, 1, -1)):
        with broker.db.platform("a test works long ago", clock.now() - timedelta(days=days)):
            pass
    while seal_batch(log):
        pass
    before = head_of(log)
    with broker.db.own_tables() as own:
        first = own.scalar(select(func.min(PlatformEvent.number)))
    assert forget_platform(log, clock.now(), 10) in {0, 1}  # whatever came before it stays
    later = clock.now() + KEEP_PLATFORM + timedelta(days=3000)
    assert forget_platform(log, later, 3) == 3
    assert found(log, clock.now()) is None
    with broker.db.own_tables() as own:
        assert own.scalar(select(func.min(PlatformEvent.number))) >= first + 3
    assert head_of(log) == before
    sweep(broker.db, clock.now())


@ON_POSTGRESQL
def test_ac12_a_change_and_a_removal_are_found_on_postgresql_too(own_store, clock, log):
    third = ids(log)[2]
    as_owner(own_store, TAMPERING["a-cause-was-changed"][0][0], tenant=log.tenant_id, third=third)
    assert found(log, clock.now()).number == 3
    as_owner(own_store, TAMPERING["an-entry-was-removed"][0][0], tenant=log.tenant_id, third=third)
    assert "removed" in found(log, clock.now()).sentence


def test_ac12_events_that_nobody_seals_are_a_fault(broker, clock, home):
    write(home, 1)
    log = Log(broker.db, broker.vault, home.id)
    assert found(log, clock.now()) is None
    assert "within an hour" in found(log, clock.now() + timedelta(hours=2)).sentence


def test_ac12_a_chain_whose_row_is_gone_is_not_begun_anew(own_store, broker, home, log):
    as_owner(own_store, "DELETE FROM audit_chains WHERE tenant_id = :tenant", tenant=log.tenant_id)
    write(home, 1)
    with pytest.raises(ChainBroken, match="is gone"):
        seal_batch(log)
    Sealer().work(broker)  # logs it, and goes on with the others
    with log.writing() as session:
        assert len(session.scalars(select(AuditEvent.id).where(AuditEvent.seal.is_(None))).all()) == 1


@ON_POSTGRESQL
def test_ac12_two_workers_at_once_make_no_fork(own_store, broker, clock, home):
    write(home, 450)
    workers = [make_broker(make_settings(own_store.url), make_ports(clock)) for _ in range(2)]

    def work(mine):
        for _ in range(6):
            try:
                seal_batch(Log(mine.db, mine.vault, home.id))
            except IntegrityError:  # the first of all rounds may meet the other's new chain; the next one finds it
                continue

    threads = [Thread(target=work, args=(one,)) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = Log(broker.db, broker.vault, home.id)
    assert found(log, clock.now()) is None
    assert head_of(log)[0] == 450
    with log.writing() as session:
        numbers = list(session.scalars(select(AuditEvent.number).order_by(AuditEvent.number)))
    assert numbers == list(range(1, 451))
    for one in workers:
        one.db.dispose()

"""The page of one connection: how it fares, what is to be done next, its versions and tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, bindparam, select
from werkzeug.wrappers import Response

from broker.console.access import require
from broker.console.connections.copies import CopyValue, copies_for
from broker.console.connections.endings import ends_of
from broker.console.connections.trying import may_change
from broker.console.connections.words import provisioning_choices, state_words
from broker.console.connections.work import Standing, stand
from broker.console.forms import title_of
from broker.console.frame import show
from broker.sentences import texts_of
from broker.upstream import KINDS
from broker.upstream.sharing import Consenting
from broker.wiring import the_broker
from tenants.causes import Cause
from tenants.connection_health import ConnectionHealth
from tenants.connection_tests import ConnectionTest, list_tests
from tenants.connection_versions import VersionState
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.saml_metadata import FetchedMetadata
from tenants.statements import scoped

HERE = "connections"
_TESTS = 5
_VERSIONS = 10
_HEALTH = scoped(select(*ConnectionHealth.__table__.c).where(ConnectionHealth.id == bindparam("connection")))
_METADATA = scoped(select(*FetchedMetadata.__table__.c).where(FetchedMetadata.id == bindparam("connection")))


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version."""

    number: int
    url: str
    state: str
    tone: str
    made_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class TestLine:
    """One test."""

    at: datetime
    url: str | None
    tone: str
    words: str
    number: int


@dataclass(frozen=True, slots=True)
class Fare:
    """How it has gone lately."""

    tone: str
    words: str
    cause: str
    detail: str
    reference: str
    last_success_at: datetime | None
    last_failure_at: datetime | None
    failures: int


def page(connection: str) -> Response:
    """GET: the page."""
    admin = require(Permission.VIEW_SETTINGS)
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        standing = stand(db, connection)
        row = standing.row
        tests = list_tests(db, row, _TESTS)
        health = db.one(_HEALTH, connection=row.id)
        metadata = db.one(_METADATA, connection=row.id) if row.kind == "saml" else None
    return show(
        "console/connections/one.html",
        admin,
        here=HERE,
        title=row.label,
        connection=row,
        kind=KINDS[row.kind],
        next_step=next_step(standing),
        waiting=standing.waiting,
        is_tested=standing.waiting is not None and standing.waiting.state == VersionState.TESTED,
        fare=fare_of(row, health),
        facts=facts_of(row),
        copies=_copies(row),
        versions=[_version_line(one, connection) for one in standing.versions[:_VERSIONS]],
        tests=[_test_line(one, connection, now) for one in tests],
        ends=ends_of(row, metadata.document if metadata else None, now),
        metadata=metadata,
        is_consenting=isinstance(KINDS[row.kind], Consenting),
        may_change=may_change(admin, row.is_file_managed),
        may_test=admin.may(Permission.CONFIGURE),
        back=(url_for("console.connections"), _("Connections")),
    )


def next_step(standing: Standing) -> str:
    """What comes next, by name: `test`, `activate`, `switch_on`, or nothing."""
    waiting = standing.waiting
    if waiting is not None:
        return "activate" if waiting.state == VersionState.TESTED else "test"
    return "" if standing.row.is_enabled else "switch_on"


def fare_of(row: Connection, health: Row[Any] | None) -> Fare:
    """In words, with the cause of the last failure."""
    failures = health.failures if health else 0
    cause = health.last_failure_cause if health and failures else ""
    tone, words = _tone(row, failures, health is not None and health.last_success_at is not None)
    return Fare(
        tone=tone,
        words=words,
        cause=_heading(cause, row.label) if cause else "",
        detail=(health.last_failure_detail or "") if health and failures else "",
        reference=(health.last_reference or "") if health and failures else "",
        last_success_at=health.last_success_at if health else None,
        last_failure_at=health.last_failure_at if health else None,
        failures=failures,
    )


def facts_of(row: Connection) -> list[tuple[str, str]]:
    """What a person may want to see at a glance; no secret among it."""
    who = next((one.label for one in provisioning_choices() if one.value == row.provisioning), row.provisioning)
    facts = [(str(_("Key")), row.key), (str(_("Speaks")), KINDS[row.kind].label), (str(_("Who may enter")), who)]
    options = KINDS[row.kind].options_type.model_fields
    for name, value in row.options.items():
        if name in options and isinstance(value, str | list) and value and len(str(value)) < 300:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            facts.append((title_of(KINDS[row.kind].options_type, name), text))
    if row.networks:
        facts.append((str(_("Networks")), ", ".join(row.networks)))
    return facts


def _tone(row: Connection, failures: int, has_worked: bool) -> tuple[str, str]:
    if not row.is_enabled:
        return "", str(_("Off")) if row.version else str(_("Not switched on yet"))
    if failures:
        return "bad" if failures > 2 else "warn", str(_("Failed %(count)s times since it last worked", count=failures))
    return "ok", str(_("Works")) if has_worked else str(_("On, not used yet"))


def _heading(cause: str, label: str) -> str:
    """What the person read."""
    try:
        heading = str(texts_of(Cause(cause), None)[0])
    except ValueError:
        return cause
    words = {"provider": label, "organization": g.tenant.name, "application": _("an application")}
    return heading % (words | {"email": _("an address"), "domain": _("a domain"), "until": _("later")})


def _copies(row: Connection) -> Sequence[CopyValue]:
    if row.options.get("registration") == "shared":
        return ()
    return copies_for(row.kind, row.key, tuple(row.options.get("scopes", ())))


def _version_line(one: Any, key: str) -> VersionLine:
    tones = {VersionState.ACTIVE.value: "ok", VersionState.TESTED.value: "warn"}
    url = url_for("console.connection_version", connection=key, number=one.number)
    return VersionLine(one.number, url, state_words(one.state), tones.get(one.state, ""), one.created_at, one.note)


def _test_line(one: ConnectionTest, key: str, now: datetime) -> TestLine:
    if one.finished_at is not None:
        url = url_for("console.connection_result", connection=key, test=one.id)
        words = str(_("Failed: %(cause)s", cause=one.cause)) if one.cause else str(_("Worked"))
        return TestLine(one.finished_at, url, "bad" if one.cause else "ok", words, one.number)
    is_over = one.started_at is not None or one.expires_at <= now
    words = str(_("Nothing came back")) if is_over else str(_("Waits"))
    return TestLine(one.created_at, None, "", words, one.number)

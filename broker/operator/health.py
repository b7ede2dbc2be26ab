"""How the installation stands: database, workers, mail, logs, and the registrations that tenants share."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.audit_chain import is_chain_broken
from broker.look import when
from broker.operator.access import require
from broker.operator.frame import show
from broker.ports import Counters
from broker.shared_registrations import shared_callback
from broker.wiring import Broker, the_broker
from tenants.audit import AuditEvent
from tenants.causes import BrokerError
from tenants.claims import JobClaim
from tenants.outbox import OutboxMail, PlatformMail
from tenants.sealing import SEALED_WITHIN
from tenants.statements import platform

_JOBS = platform(select(*JobClaim.__table__.c).order_by(JobClaim.id).limit(100))
_LATE = timedelta(minutes=30)
_NAMES = {"entra": "Microsoft Entra", "google": "Google"}
_WORK = {
    "audit": lazy_gettext("Audit logs are checked"),
    "domains": lazy_gettext("Records of proven domains are looked up"),
    "endings": lazy_gettext("Warnings of certificates and secrets that run out"),
    "lifecycle": lazy_gettext("Accounts: warnings, and what was not used is switched off"),
    "moves": lazy_gettext("Moves between connections that are due"),
    "token_keys": lazy_gettext("Keys of tokens are renewed"),
}
"""What the daily jobs do; one that is not named here stands with its own name."""
_SETTINGS = {
    "entra": "BROKER_ENTRA_CLIENT_ID, BROKER_ENTRA_CLIENT_SECRET",
    "google": "BROKER_GOOGLE_CLIENT_ID, BROKER_GOOGLE_CLIENT_SECRET",
}


@dataclass(frozen=True, slots=True)
class State:
    """One thing, how it is, and a sentence."""

    name: str
    tone: str
    word: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration of the operator's at a provider, and what to enter there."""

    name: str
    client_id: str
    return_url: str
    settings: str


def page() -> Response:
    """GET: bounded look-ups; nothing is asked but our own stores."""
    me, broker = require(), the_broker()
    return show(
        "operator/health.html",
        me,
        here="health",
        title=_("Health"),
        states=list(_states(broker)),
        jobs=list(_jobs(broker)),
        registrations=[_registration(broker, kind) for kind in _NAMES],
    )


def _states(broker: Broker) -> Iterator[State]:
    kind = "SQLite" if broker.db.is_sqlite else "PostgreSQL"
    yield State(_("Database"), "ok", kind, _("It answers, and has this version’s tables."))
    if broker.ports.counters is not None:
        yield _redis(broker.ports.counters)
    yield _mail(broker)
    yield _log(broker)


def _redis(counters: Counters) -> State:
    try:
        counters.check()
    except BrokerError:
        return State(
            _("Redis"),
            "bad",
            _("Does not answer"),
            _("Passwords and codes are refused until it does; emergency access goes on."),
        )
    return State(_("Redis"), "ok", _("Counting"), _("Tries of passwords and codes are counted there."))


def _mail(broker: Broker) -> State:
    if broker.ports.mailer is None:
        return State(_("Mail"), "warn", _("Not set up"), _("BROKER_SMTP_HOST is not set: mails wait."))
    if any(broker.db.has_row(model, model.failed_at.is_not(None)) for model in (OutboxMail, PlatformMail)):
        return State(
            _("Mail"),
            "warn",
            _("Some undeliverable"),
            _("The command “broker mail list --failed” names those of the last 30 days."),
        )
    old = broker.ports.clock.now() - _LATE
    if any(
        broker.db.has_row(model, model.next_try_at.is_not(None) & (model.created_at < old))
        for model in (OutboxMail, PlatformMail)
    ):
        return State(
            _("Mail"),
            "warn",
            _("Waiting"),
            _("Mails have waited for more than half an hour. Does a worker run, does the server answer?"),
        )
    return State(_("Mail"), "ok", _("Sending"), _("Nothing waits for long, and nothing was given up."))


def _log(broker: Broker) -> State:
    if is_chain_broken(broker):
        return State(
            _("Audit logs"), "bad", _("Tampered with"), _("The command “broker audit verify” names the log and the entry.")
        )
    late = broker.ports.clock.now() - SEALED_WITHIN
    if broker.db.has_row(AuditEvent, AuditEvent.seal.is_(None) & (AuditEvent.at < late)):
        return State(
            _("Audit logs"), "warn", _("Not sealed"), _("Entries have waited for more than an hour. Does a worker run?")
        )
    return State(_("Audit logs"), "ok", _("Sealed"), _("Every entry of the last nights’ looks was as the product wrote it."))


def _jobs(broker: Broker) -> Iterator[State]:
    """The night's work, by whichever worker took it."""
    now = broker.ports.clock.now()
    for row in broker.db.look_up(_JOBS):
        is_late = row.due_at + timedelta(hours=2) < now
        note = str(when(row.finished_at).striptags()) if row.finished_at else _("never yet")
        yield State(
            str(_WORK.get(row.id, row.id)),
            "warn" if is_late else "ok",
            _("Overdue") if is_late else _("On time"),
            _("Last done: %(time)s", time=note),
        )


def _registration(broker: Broker, kind: str) -> Registration:
    shared = broker.shared.get(kind)
    client_id = shared.client_id if shared else ""
    return Registration(_NAMES[kind], client_id, shared_callback(broker.settings, kind), _SETTINGS[kind])

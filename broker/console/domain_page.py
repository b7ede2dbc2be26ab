"""One domain: its proof with the record to publish, whom it lets in, where it leads."""

from collections.abc import Mapping
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, changing, fingerprint
from broker.console.domains import HERE, leads_to, proof_words, provable_name
from broker.console.forms import Choice, FormField, marked
from broker.console.frame import go, show
from broker.domain_checks import check_domain
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.connection_tests import has_passed
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.domain_proofs import ProofError, begin_proof, provable, record_name, record_text, release, standings
from tenants.domains import Domain
from tenants.routing_domains import is_public

Values = Mapping[str, Any]


def page(domain: str) -> Response:
    """GET: the page."""
    return _page(require(Permission.VIEW_SETTINGS), domain)


def save(domain: str) -> Response:
    """POST: whom it lets in, and where it leads."""
    admin = require(Permission.CONFIGURE, fresh=True)
    chosen = request.form.get("connection", "")
    wanted = {
        "allowed": "allowed" in request.form,
        "connection": chosen,
        "routing": "enforce" if request.form.get("routing") == "enforce" and chosen else "prefer",
    }
    try:
        with changing(admin) as work:
            work.hold_connections([chosen])
            row = _row(work.db, domain, locks=True)
            work.require_ours(row)
            present, path = values_of(row), f"domains.{row.name}"
            work.require_unchanged(request.form.get("seen", ""), present, path)
            objection = objection_to(work.db, row, wanted, admin.id)
            if objection is None:
                row.is_allowed, row.is_enforced = bool(wanted["allowed"]), wanted["routing"] == "enforce"
                row.connection_id = _connection_id(chosen)
                done = "saved" if work.note(path, present, values_of(row)) else "nothing"
    except StaleError as stale:
        return _page(admin, domain, wanted, stale.sentence)
    return go("console.domain", done, domain=domain) if objection is None else _page(admin, domain, wanted, objection)


def prove(domain: str) -> Response:
    """POST: make the record, look for it now, or take the proof back."""
    admin, what = require(Permission.CONFIGURE, fresh=True), request.form.get("what", "")
    with g.db.reading() as db:
        name = _row(db, domain).name
    try:
        done = _proofs(admin, provable(name), what)
    except ProofError as error:
        return _page(admin, domain, None, str(error))
    except OSError:
        return _page(admin, domain, None, _("No name server answered. Nothing was changed; try again in a few minutes."))
    return go("console.domain", done, domain=domain)


def remove_page(domain: str) -> Response:
    """GET: what it means."""
    return _remove(require(Permission.CONFIGURE, fresh=True), domain)


def remove(domain: str) -> Response:
    """POST: off the list. A proof stays until it is taken back."""
    admin = require(Permission.CONFIGURE, fresh=True)
    with changing(admin) as work:
        row = _row(work.db, domain)
        work.require_ours(row)
        work.note(f"domains.{row.name}", values_of(row), {}, what="taken off the list")
        work.db.delete(row)
    return go("console.domains", "removed")


def values_of(row: Domain) -> dict[str, object]:
    """What the form shows, by the names of the tenants file."""
    key = next((one.key for one in g.tenant.connections.values() if one.id == row.connection_id), "")
    return {"allowed": row.is_allowed, "connection": key, "routing": "enforce" if row.is_enforced else "prefer"}


def objection_to(db: TenantSession, row: Domain, wanted: Values, by: str) -> str | None:
    """Why that can't be saved; None where it can."""
    connection = g.tenant.connections.get(wanted["connection"])
    if wanted["connection"] and connection is None:
        return str(_("There is no such connection."))
    if connection is not None and is_public(row.name):
        return str(_("Anybody gets an address at %(domain)s, so its people can’t be sent anywhere.", domain=row.name))
    if wanted["routing"] != "enforce" or connection is None or row.is_enforced:
        return None
    if not connection.is_enabled:
        return str(_("%(name)s is off: enforcing it would leave these people no way in.", name=connection.label))
    if not has_passed(db, connection.id, connection.version, by):
        # AC-09: whoever enforces a way in has gone it.
        return str(
            _("Test %(name)s first: you can enforce it once a test sign-in of yours with it has worked.", name=connection.label)
        )
    return None


def _proofs(admin: Admin, name: str, what: str) -> str:
    broker = the_broker()
    if what == "begin":
        with g.db.writing() as db:
            begin_proof(db, name, broker.ports.clock.now())
        return "record"
    if what == "check":
        return f"look_{check_domain(broker, g.tenant.id, name).value}"
    if what == "release":
        now = broker.ports.clock.now()
        with broker.db.operating(g.tenant.id, "console: a proof is taken back", now) as (platform, db):
            release(platform, db, name, now, admin.id)
        return "released"
    return "nothing"


def _connection_id(key: str) -> str | None:
    connection = g.tenant.connections.get(key)
    return connection.id if connection else None


def _row(db: TenantSession, domain_id: str, *, locks: bool = False) -> Domain:
    found = select(Domain).where(Domain.id == domain_id)
    row = db.scalars(found.with_for_update() if locks else found).first()
    if row is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such domain")
    return row


def _page(admin: Admin, domain_id: str, typed: Values | None = None, form_error: str = "") -> Response:
    with g.db.reading() as db:
        row = _row(db, domain_id)
    name = provable_name(row.name)
    standing = next((one for one in standings(the_broker().db, g.tenant.id) if one.domain == name), None)
    challenge = standing.challenge if standing else None
    present = values_of(row)
    tone, proof = proof_words(row.name, standing)
    return show(
        "console/domain.html",
        admin,
        here=HERE,
        title=row.name,
        status=409 if form_error else 200,
        row=row,
        proof=standing.proof if standing else None,
        proof_tone=tone,
        proof_words=proof,
        challenge=challenge,
        record=(record_name(name), record_text(challenge.token)) if challenge and name else None,
        can_prove=name is not None,
        fields=_fields(typed or present),
        leads=leads_to(_label(str(present["connection"])), is_enforced=row.is_enforced),
        seen=fingerprint(present),
        form_error=form_error,
        may_change=admin.may(Permission.CONFIGURE) and not row.is_file_managed,
        may_prove=admin.may(Permission.CONFIGURE),
        back=(url_for("console.domains"), _("Domains")),
    )


def _label(key: str) -> str:
    connection = g.tenant.connections.get(key)
    return connection.label if connection else ""


def _fields(values: Values) -> list[FormField]:
    ways = [Choice(one.key, one.label) for one in g.tenant.connections.values()]
    made = (
        FormField(
            "allowed", _("Let its addresses in"), "check", "yes" if values["allowed"] else "",
            help=_("For sign-ins by an identity provider. Who was invited for e-mail and password comes from anywhere."),
        ),
        FormField(
            "connection", _("Its people are sent to"), "choice", str(values["connection"]),
            choices=[Choice("", str(_("Nowhere by themselves"))), *ways],
            help=_("Counts once the domain is proven."),
        ),
        FormField(
            "routing", _("How"), "choice", str(values["routing"]),
            choices=(
                Choice("prefer", str(_("Preferred: other ways stay possible"))),
                Choice("enforce", str(_("Enforced: e-mail and password is refused to them"))),
            ),
        ),
    )  # fmt: skip
    return marked(made, {})


def _remove(admin: Admin, domain_id: str) -> Response:
    with g.db.reading() as db:
        row = _row(db, domain_id)
    sentences = [str(_("Nobody new with an address at %(domain)s is let in by an identity provider.", domain=row.name))]
    if row.connection_id:
        sentences.append(str(_("They are not sent to a connection any more, and nothing is enforced for them.")))
    return show(
        "console/confirm.html",
        admin,
        here=HERE,
        title=_("Take %(domain)s off the list?", domain=row.name),
        sentences=sentences,
        label=_("Take it off the list"),
        may_go_on=not row.is_file_managed,
        cancel_url=url_for("console.domain", domain=domain_id),
        back=(url_for("console.domain", domain=domain_id), row.name),
    )

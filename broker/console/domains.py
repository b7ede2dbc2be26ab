"""E-mail domains: which addresses are let in, where they lead, and whose they are proven to be (requirements.md, T4)."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import changing
from broker.console.forms import FormField, marked
from broker.console.frame import go, show
from broker.wiring import the_broker
from tenants.addresses import AddressError
from tenants.console_roles import Permission
from tenants.domain_proofs import DNS, ProofError, Standing, begin_proof, provable, standings
from tenants.domains import Domain
from tenants.ids import new_id
from tenants.routing_domains import is_public, parse_domain_name

HERE = "domains"
MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class DomainLine:
    """One row of the list."""

    name: str
    url: str
    leads_to: str
    is_allowed: bool
    tone: str
    proof: str
    is_file_managed: bool


def list_page() -> Response:
    """GET: the list. `q` looks in names."""
    admin = require(Permission.VIEW_SETTINGS)
    wanted = request.args.get("q", "").strip()[:200]
    with g.db.reading() as db:
        rows = list(db.scalars(select(Domain).order_by(Domain.name).limit(MOST_LISTED)))
    known = {one.domain: one for one in standings(the_broker().db, g.tenant.id)}
    labels = {one.id: one.label for one in g.tenant.connections.values()}
    lines = [line_of(row, known, labels) for row in rows if wanted.casefold() in row.name]
    return show(
        "console/domains.html",
        admin,
        here=HERE,
        title=_("Domains"),
        lines=lines,
        wanted=wanted,
        is_empty=not rows,
        may_change=admin.may(Permission.CONFIGURE),
    )


def add_page() -> Response:
    """GET: the name of a new one."""
    return _add(require(Permission.CONFIGURE, fresh=True), "", "")


def add() -> Response:
    """POST: it is listed, and a record to prove it by is made unless the domain is everybody's."""
    admin = require(Permission.CONFIGURE, fresh=True)
    typed = request.form.get("name", "")
    try:
        name = parse_domain_name(typed)
    except AddressError as error:
        return _add(admin, typed, str(error))
    with changing(admin) as work:
        known = work.db.scalars(select(Domain).where(Domain.name == name)).first()
        if known is not None:
            return go("console.domain", "nothing", domain=known.id)
        row = Domain(id=new_id("dom"), name=name, is_allowed="allowed" in request.form)
        work.db.add(row)
        if not is_public(name):
            begin_proof(work.db, provable(name), work.now)
        work.note(f"domains.{name}", {}, {"allowed": row.is_allowed}, what="listed")
    return go("console.domain", "domain_listed", domain=row.id)


def line_of(row: Domain, known: Mapping[str, Standing], labels: Mapping[str, str]) -> DomainLine:
    """One row."""
    tone, proof = proof_words(row.name, known.get(row.name.removeprefix("*.")))
    return DomainLine(
        name=row.name,
        url=url_for("console.domain", domain=row.id),
        leads_to=leads_to(labels.get(row.connection_id or "", ""), is_enforced=row.is_enforced),
        is_allowed=row.is_allowed,
        tone=tone,
        proof=proof,
        is_file_managed=row.is_file_managed,
    )


def leads_to(label: str, *, is_enforced: bool) -> str:
    """Where its people are sent."""
    if not label:
        return ""
    return str(_("Only by %(name)s", name=label) if is_enforced else _("To %(name)s", name=label))


def proof_words(name: str, standing: Standing | None) -> tuple[str, str]:
    """Tone and words of the proof."""
    if is_public(name):
        return "", str(_("Everybody’s, so nobody’s to prove"))
    if standing is None or standing.proof is None:
        is_conflict = standing is not None and standing.challenge is not None and standing.challenge.conflict_at is not None
        return ("bad", str(_("Another organization has proven it"))) if is_conflict else ("warn", str(_("Not proven")))
    if standing.proof.failing_since:
        return "bad", str(_("Its record is missing"))
    return "ok", str(_("Proven by its record") if standing.proof.method == DNS else _("Proven by the operator"))


def provable_name(name: str) -> str | None:
    """What has to be proven for this entry; None: nothing can be."""
    try:
        return provable(name)
    except ProofError:
        return None


def _add(admin: Admin, typed: str, error: str) -> Response:
    fields = (
        FormField(
            "name", _("Domain"), value=typed, is_required=True, is_mono=True,
            help=_("What stands after the @, such as acme.example; *.acme.example for everything below it."),
        ),
        FormField("allowed", _("Let its addresses in"), "check", "yes" if not error or "allowed" in request.form else ""),
    )  # fmt: skip
    errors = {"name": error} if error else {}
    return show(
        "console/domain_add.html",
        admin,
        here=HERE,
        title=_("Add a domain"),
        status=400 if error else 200,
        fields=marked(fields, errors, "name"),
        errors=errors,
        back=(url_for("console.domains"), _("Domains")),
    )

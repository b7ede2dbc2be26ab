"""One tenant: how it stands, and what an operator does with it as a whole. Its people are not shown."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, bindparam, select
from werkzeug.wrappers import Response

from broker.moments import short_day
from broker.operator.access import Me, require
from broker.operator.frame import confirm_page, go, not_typed, show
from broker.operator.tenants_list import TenantLine, line_of
from broker.wiring import the_broker
from tenants.addresses import AddressError, normalise_address
from tenants.audit import AuditChain
from tenants.causes import Cause, Refusal
from tenants.door_keeping import DoorError
from tenants.founding import owner_link
from tenants.outbox import OutboxMail
from tenants.statements import platform
from tenants.support_access import SupportGrant, good_grant_of
from tenants.tenant_life import QUARANTINE, TenantLifeError, delete_tenant, resume, suspend, take_back
from tenants.tenants import Tenant, TenantHost, TenantStatus

_BY_SLUG = platform(select(*Tenant.__table__.c).where(Tenant.slug == bindparam("slug")))
_HOSTS = platform(
    select(TenantHost.host).where(TenantHost.tenant_id == bindparam("tenant_id")).order_by(TenantHost.host).limit(50)
)
_ACTIONS = ("suspend", "resume", "delete", "take_back", "owner", "look_in")


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """Everything that the page shows."""

    line: TenantLine
    hosts: tuple[str, ...]
    is_file_managed: bool
    is_active: bool
    is_suspended: bool
    is_deleted: bool
    erase_at: datetime | None
    has_failed_mail: bool
    is_log_broken: bool
    may_look_in: bool
    """An owner of it has granted that, until a time that is not over."""


def page(slug: str) -> Response:
    """GET: how it stands."""
    me = require()
    row = require_tenant(slug)
    urls = {name: url_for(f"operator.{name}", slug=slug) for name in _ACTIONS}
    back = (url_for("operator.tenants"), _("Tenants"))
    return show("operator/tenant.html", me, here="tenants", title=row.name, tenant=_facts(row), urls=urls, back=back)


def suspend_page(slug: str) -> Response:
    """GET: what suspending does."""
    return _ask(
        slug,
        _("Suspend %(name)s?"),
        [
            _("Nobody can sign in there, and every session and token of it is dead at once."),
            _("Nothing is lost: resume it, and everything is as it was."),
        ],
        _("Suspend"),
    )


def suspend_it(slug: str) -> Response:
    """POST."""
    return _do(slug, suspend, "suspended")


def resume_page(slug: str) -> Response:
    """GET: what resuming does."""
    sentences = [_("People can sign in again. Sessions that have not run out are good again.")]
    return _ask(slug, _("Resume %(name)s?"), sentences, _("Resume"), is_danger=False)


def resume_it(slug: str) -> Response:
    """POST."""
    return _do(slug, resume, "resumed")


def delete_page(slug: str, error: str = "") -> Response:
    """GET: what deleting does, and when."""
    sentences = [
        _("It is suspended and hidden at once: its addresses answer as if it had never been."),
        _(
            "On %(date)s everything in it is removed for good. Until then you can take it back.",
            date=short_day(_end()),
        ),
        _("After that its short name and its hosts are given to nobody for %(days)s days.", days=QUARANTINE.days),
    ]
    return _ask(slug, _("Delete %(name)s?"), sentences, _("Delete the tenant"), typed=slug, error=error)


def delete_it(slug: str) -> Response:
    """POST: with its short name typed."""
    require(fresh=True)
    if request.form.get("typed", "").strip() != slug:
        return delete_page(slug, not_typed())
    return _do(slug, lambda db, tenant_id, now, by: delete_tenant(db, tenant_id, _end(), now, by), "deleted")


def take_back_page(slug: str) -> Response:
    """GET: what taking back does."""
    sentences = [_("It is there again as it was, but suspended. Resume it when you are ready.")]
    return _ask(slug, _("Take %(name)s back?"), sentences, _("Take it back"), is_danger=False)


def take_it_back(slug: str) -> Response:
    """POST."""
    return _do(slug, take_back, "taken_back")


def owner_page(slug: str) -> Response:
    """GET: for whom the link is."""
    return _owner_form(require(fresh=True), require_tenant(slug), "")


def make_owner_link(slug: str) -> Response:
    """POST: a link to emergency access for an owner or admin, shown once."""
    me, row = require(fresh=True), require_tenant(slug)
    typed, broker = request.form.get("email", "")[:320], the_broker()
    try:
        address, now = normalise_address(typed), broker.ports.clock.now()
        secret, token, until = owner_link(broker.db, broker.vault, row.id, address, now, me.by)
    except (AddressError, DoorError) as error:
        return _owner_form(me, row, typed, errors={"email": _(str(error))})
    base = broker.snapshots.base_url(row.slug, row.canonical_host)
    door = f"{base}/door/{secret}" if secret else ""
    return _owner_form(me, row, address.text, links=(f"{base}/activate/door/{token}", door), until=until)


def _owner_form(me: Me, row: Row[Any], email: str, **values: Any) -> Response:
    more = {"errors": {}, "links": None, "until": None} | values
    return show(
        "operator/owner.html",
        me,
        here="tenants",
        title=_("Link for an owner"),
        status=400 if more["errors"] else 200,
        email=email,
        back=(url_for("operator.tenant", slug=row.slug), row.name),
        **more,
    )


def require_tenant(slug: str) -> Row[Any]:
    """One tenant, also one that is deleted. Raises Refusal."""
    row = next(iter(the_broker().db.look_up(_BY_SLUG, slug=slug)), None)
    if row is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such tenant")
    return row


def _facts(row: Row[Any]) -> TenantFacts:
    db = the_broker().db
    failed, broken = OutboxMail.failed_at.is_not(None), AuditChain.broken_at.is_not(None)
    return TenantFacts(
        line=line_of(row),
        hosts=tuple(one.host for one in db.look_up(_HOSTS, tenant_id=row.id)),
        is_file_managed=row.is_file_managed,
        is_active=row.status == TenantStatus.ACTIVE,
        is_suspended=row.status == TenantStatus.SUSPENDED,
        is_deleted=row.status == TenantStatus.DELETED,
        erase_at=row.erase_at,
        has_failed_mail=db.has_row(OutboxMail, (OutboxMail.tenant_id == row.id) & failed),
        is_log_broken=db.has_row(AuditChain, (AuditChain.tenant_id == row.id) & broken),
        may_look_in=row.status == TenantStatus.ACTIVE
        and db.has_row(SupportGrant, good_grant_of(row.id, the_broker().ports.clock.now())),
    )


def _end() -> datetime:
    broker = the_broker()
    return broker.ports.clock.now() + timedelta(days=broker.settings.tenant_deletion_days)


def _ask(
    slug: str,
    title: str,
    sentences: list[str],
    label: str,
    *,
    typed: str | None = None,
    is_danger: bool = True,
    error: str = "",
) -> Response:
    me = require(fresh=True)
    row = require_tenant(slug)
    if row.is_file_managed:
        sentences = [
            *sentences,
            _("A tenants file manages it: take it out of the file, or say the same there, or it changes back."),
        ]
    back = (url_for("operator.tenant", slug=slug), row.name)
    return confirm_page(
        me,
        here="tenants",
        title=title % {"name": row.name},
        sentences=sentences,
        label=label,
        back=back,
        typed=typed,
        is_danger=is_danger,
        error=error,
    )


def _do(slug: str, what: Callable[..., None], done: str) -> Response:
    me, row = require(fresh=True), require_tenant(slug)
    try:
        what(the_broker().db, row.id, the_broker().ports.clock.now(), me.by)
    except TenantLifeError as error:
        back = (url_for("operator.tenant", slug=slug), row.name)
        sentences = [_(str(error))]
        return show(
            "console/confirm.html", me, here="tenants", title=row.name, status=409,
            sentences=sentences, label="", may_go_on=False, cancel_url=back[0], back=back,
        )  # fmt: skip
    return go("operator.tenant", done, slug=slug)

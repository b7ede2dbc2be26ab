"""E-mail and password for the whole tenant: on, or off with all credentials that it has (requirements.md, T9)."""

from dataclasses import replace
from datetime import datetime

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import changing
from broker.console.frame import go, show
from broker.console.settings_access import managed_by_file, require_not_by_file
from broker.wiring import the_broker
from tenants.admins import has_own_way_admin, has_reachable_admin
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.last_admin import SHUT_OUT, SSO_ONLY, load_admins
from tenants.local_off import local_holders, with_no_other_way, withdraw_from_all
from tenants.policies import TenantPolicy
from tenants.tenants import TenantSettings

PATH = "policy"


def local_page() -> Response:
    """GET: what switching it would do."""
    admin = require(Permission.CONFIGURE, fresh=True)
    return _ask(admin)


def switch_local() -> Response:
    """POST: off, where the number of people that stands on the page was typed; or on."""
    admin = require(Permission.CONFIGURE, fresh=True)
    require_not_by_file(admin)
    is_on = g.tenant.policy.local_enabled
    if request.form.get("wanted") != ("off" if is_on else "on"):
        return go("console.policies", "nothing")
    with changing(admin) as work:
        row = work.db.scalars(select(TenantSettings).with_for_update()).one()
        before = TenantPolicy.model_validate(row.policy)
        if before.local_enabled != is_on:
            return go("console.policies", "nothing")
        lost = len(local_holders(work.db))
        is_said = is_on is False or request.form.get("typed", "").strip() == str(lost)
        objection = _objection(work.db, work.now) if is_on else None
        if is_said and objection is None:
            after = before.model_copy(update={"local_enabled": not is_on})
            row.policy = after.model_dump(mode="json", exclude_defaults=True)
            work.db.flush()
            if is_on:
                withdraw_from_all(work.db, work.now)
            what = f"deletes the local credentials of {lost} accounts" if is_on else ""
            work.note(PATH, {"local_enabled": is_on}, {"local_enabled": not is_on}, what=what)
            return go("console.policies", "saved")
    return _ask(admin, {"typed": _("Type the number that stands above.")} if objection is None else {}, 422)


def _ask(admin: Admin, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    is_on = g.tenant.policy.local_enabled
    with g.db.reading() as db:
        holders = local_holders(db) if is_on else frozenset()
        lost, alone = len(holders), with_no_other_way(db, holders)
        objection = _objection(db, the_broker().ports.clock.now()) if is_on else None
    if managed_by_file():
        objection = str(_("A tenants file rules this: it is changed there, and not here."))
    sentences = [objection] if objection else _off(lost, alone) if is_on else _on()
    return show(
        "console/confirm.html",
        admin,
        here="policies",
        title=_("Switch off e-mail and password?") if is_on else _("Switch on e-mail and password?"),
        status=status,
        errors=errors or {},
        sentences=sentences,
        may_go_on=objection is None,
        hidden={"wanted": "off" if is_on else "on"},
        typed=str(lost) if is_on else None,
        is_danger=is_on,
        label=_("Switch off and delete the credentials of %(number)s people", number=lost) if is_on else _("Switch on"),
        cancel_url=url_for("console.policies"),
        back=(url_for("console.policies"), _("Policies")),
    )


def _off(lost: int, alone: int) -> list[str]:
    sentences = [
        _("This deletes the passwords and second factors of %(number)s people, and ends their sessions.", number=lost),
        _("%(number)s of them have no other way to sign in.", number=alone),
        _("It can’t be undone: switched on again, everybody sets a password and a second factor anew."),
        _("Emergency access keeps its own credentials."),
    ]
    return [str(one) for one in sentences]


def _on() -> list[str]:
    return [
        str(_("People whose account allows it can then sign in with e-mail, password and a second factor.")),
        str(_("Nobody has a password yet: people set one with an invitation, or by “First time here?” when they sign in.")),
    ]


def _objection(db: TenantSession, now: datetime) -> str | None:
    """Why local sign-in may not go: no owner or admin would be left with a way in (AC-06)."""
    admins = load_admins(db)
    people, without = admins.people.values(), replace(admins.ways, local=False)
    if has_reachable_admin(people, admins.ways, now) and not has_reachable_admin(people, without, now):
        return SHUT_OUT
    if has_own_way_admin(people, admins.ways, now) and not has_own_way_admin(people, without, now):
        return SSO_ONLY
    return None

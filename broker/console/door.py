"""Emergency access: its unlisted address, from where it works, who may use it, and who has proven lately that it works."""

from collections.abc import Callable
from typing import Any

from flask import abort, g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, Work, changing, fingerprint
from broker.console.connections.work import catch_up
from broker.console.forms import Choice
from broker.console.frame import go, show
from broker.wiring import the_broker
from tenants.accounts import ADMIN_ROLES, Account
from tenants.addresses import AddressError, normalise_address
from tenants.admins import ENTERING
from tenants.console_roles import Permission
from tenants.door_keeping import (
    DRILL_DAYS,
    DoorError,
    DoorState,
    close_door,
    grant_door,
    look_at_door,
    open_door,
    overdue,
    restrict_door,
    revoke_door,
    rotate_door,
)

MOST = 200
Done = tuple[str, str, str]
"""What is shown this once: its heading, the address, and for whom."""


def door_page() -> Response:
    """GET: how it stands. Never the address itself: only its hash is stored."""
    admin = require(Permission.VIEW_SETTINGS)
    if admin.may(Permission.CONFIGURE):
        require(Permission.CONFIGURE, fresh=True)
    return _page(admin)


def change_door() -> Response:
    """POST: one of the things that `ACTIONS` names."""
    admin = require(Permission.CONFIGURE, fresh=True)
    action = ACTIONS.get(request.form.get("do", ""))
    if action is None:
        abort(400)
    try:
        with changing(admin) as work:
            state = look_at_door(work.db, work.now)
            work.require_unchanged(request.form.get("seen", ""), _shown(state), "door")
            done = action(work)
    except StaleError as stale:
        return _page(admin, error=stale.sentence, status=409)
    except (AddressError, DoorError) as error:
        return _page(admin, error=str(error), status=422)
    if done is None:
        return go("console.door", "saved")
    catch_up()  # what the page shows is what its next button is about
    return _page(admin, done=done)


def _open(work: Work) -> Done:
    return _address(open_door(work.db, work.now, work.admin.id))


def _rotate(work: Work) -> Done:
    return _address(rotate_door(work.db, work.now, work.admin.id))


def _close(work: Work) -> None:
    close_door(work.db, work.now, work.admin.id)


def _restrict(work: Work) -> None:
    restrict_door(work.db, request.form.get("networks", "").replace(",", " ").split(), work.now, work.admin.id)


def _grant(work: Work) -> Done:
    address = normalise_address(request.form.get("email", ""))
    token, _until = grant_door(work.db, address, work.now, work.admin.id)
    told = _("For %(email)s, once, within a day. They choose a password and an app of their own for it.", email=address.text)
    return _("Hand this link over"), f"{g.tenant.base_url}/activate/door/{token}", told


def _revoke(work: Work) -> None:
    revoke_door(work.db, normalise_address(request.form.get("email", "")), work.now, work.admin.id)


ACTIONS: dict[str, Callable[[Work], Done | None]] = {
    "open": _open,
    "rotate": _rotate,
    "close": _close,
    "restrict": _restrict,
    "grant": _grant,
    "revoke": _revoke,
}


def _address(secret: str) -> Done:
    told = _("It is stored nowhere and shown this once. Give it to the people below, apart from any password.")
    return _("The new address of emergency access"), f"{g.tenant.base_url}/door/{secret}", told


def _page(admin: Admin, *, done: Done | None = None, error: str = "", status: int = 200) -> Response:
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        state = look_at_door(db, now)
        others = _who_could(db, state)
    late = {one.email for one in overdue(state, now)}
    return show(
        "console/door.html",
        admin,
        here="door",
        title=_("Emergency access"),
        status=status,
        errors={"": error} if error else {},
        state=state,
        late=late,
        drill_days=DRILL_DAYS,
        others=others,
        networks="\n".join(state.networks or ()),
        typed=request.form.get("networks", "") if error else "",
        done=done,
        seen=fingerprint(_shown(state)),
        may_change=admin.may(Permission.CONFIGURE),
        form_url=url_for("console.door"),
    )


def _who_could(db: Any, state: DoorState) -> list[Choice]:
    """Owners and admins who are not marked yet."""
    admins = select(Account).where(Account.role.in_(ADMIN_ROLES), Account.state.in_(ENTERING))
    rows = db.scalars(admins.order_by(Account.email_key).limit(MOST))
    marked = {one.email for one in state.holders if one.is_set_up or one.link_expires_at}
    return [Choice(row.email, row.name or row.email) for row in rows if row.email not in marked]


def _shown(state: DoorState) -> dict[str, Any]:
    """What a change is about; that somebody goes through meanwhile is no change of it."""
    holders = [(one.email, one.is_set_up, one.link_expires_at) for one in state.holders]
    return {"networks": state.networks, "holders": holders, "secret": g.tenant.door_hash or ""}

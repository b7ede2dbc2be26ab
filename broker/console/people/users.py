"""The users table: search, filters, sorting and paging in the address; a selection for what is done with several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.frame import show
from broker.console.people import words
from broker.wiring import the_broker
from tenants.account_filters import MAX_TEXT, Filters
from tenants.account_search import Found, Sort, methods_of, search_accounts
from tenants.bulk import ENDING, Action, may_act
from tenants.console_roles import Permission
from tenants.ends import effective_state
from tenants.lifecycle import life_facts

_NAMES = ("q", "method", "state", "organization", "role", "sort")


@dataclass(frozen=True, slots=True)
class UserLine:
    """One person of the table."""

    id: str
    name: str
    email: str
    url: str
    ways: Sequence[words.Glyph]
    tone: str
    state: str
    organization: str
    role: str
    last_login_at: datetime | None


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address without it."""

    label: str
    url: str


def users_page() -> Response:
    """GET: one page of it."""
    admin = require(Permission.VIEW)
    asked, now = asked_for(request.args), the_broker().ports.clock.now()
    filters, sort = filters_of(asked, admin), _sort_of(asked)
    back = "before" in request.args
    cursor = request.args.get("before" if back else "after", "")[:1000]
    with g.db.reading() as db:
        found = search_accounts(db, filters, sort, now, cursor=cursor, back=back)
        methods = methods_of(db, [row.id for row in found.rows]) if found.rows else {}
    return show(
        "console/people/users.html",
        admin,
        here="users",
        title=_("Users"),
        lines=[_line(row, methods.get(row.id, []), now) for row in found.rows],
        asked=asked,
        chips=_chips(asked),
        choices=_choices(admin),
        actions=_actions(admin),
        urls=_urls(admin, asked, found),
    )


def asked_for(args: Mapping[str, str]) -> dict[str, str]:
    """What of the address is a filter; nothing else of it comes back into a page."""
    return {name: text for name in _NAMES if (text := args.get(name, "").strip()[:MAX_TEXT])}


def filters_of(asked: Mapping[str, str], admin: Admin) -> Filters:
    """The filters, never wider than what the admin looks after."""
    return Filters(
        text=asked.get("q", ""),
        method=asked.get("method", ""),
        state=asked.get("state", ""),
        organization=_known(asked.get("organization", "")),
        role=asked.get("role", ""),
        organizations=admin.organization_ids,
    )


def _known(organization_id: str) -> str:
    return organization_id if not organization_id or organization_id in g.tenant.organizations.rows else "none"


def _sort_of(asked: Mapping[str, str]) -> Sort:
    try:
        return Sort(asked.get("sort", ""))
    except ValueError:
        return Sort.ADDRESS


def _line(row: Row[Any], methods: Sequence[str], now: datetime) -> UserLine:
    state = effective_state(life_facts(row), g.tenant.policy_for(row.organization_id), now)
    tone, text = words.state_words(state, row.expires_at, now)
    return UserLine(
        id=row.id,
        name=row.name,
        email=row.email,
        url=url_for("console.user", account=row.id),
        ways=words.ways_of(row.is_local_enabled, methods),
        tone=tone,
        state=text,
        organization=words.organization_name(row.organization_id),
        role=str(words.ROLES.get(row.role or "", "")),
        last_login_at=row.last_login_at,
    )


def _choices(admin: Admin) -> dict[str, list[tuple[str, str]]]:
    return {
        "method": words.way_choices(),
        "state": [("", str(_("Any state"))), *((key, str(text)) for key, text in words.STATES.items())],
        "organization": words.organization_choices(admin.organization_ids, str(_("All organizations"))),
        "role": [("", str(_("Any role"))), *((key, str(text)) for key, text in words.ROLES.items())],
        "sort": [
            (Sort.ADDRESS, str(_("By address"))),
            (Sort.NAME, str(_("By name"))),
            (Sort.SEEN, str(_("Latest sign-in first"))),
            (Sort.CREATED, str(_("Newest first"))),
        ],
    }


def _chips(asked: Mapping[str, str]) -> list[Chip]:
    labels: dict[str, dict[str, str]] = {
        "method": dict(words.way_choices()),
        "state": {key: str(text) for key, text in words.STATES.items()},
        "organization": {row.id: row.name for row in g.tenant.organizations.rows.values()},
        "role": {key: str(text) for key, text in words.ROLES.items()},
    }
    return [
        Chip(labels[name].get(value, value), _url({key: text for key, text in asked.items() if key != name}))
        for name, value in asked.items()
        if name in labels
    ]


def _url(asked: Mapping[str, str]) -> str:
    values: dict[str, Any] = dict(asked)
    return url_for("console.users", **values)


def _actions(admin: Admin) -> list[tuple[str, str, bool]]:
    """Value, label, whether it takes something away."""
    return [(one.value, str(words.ACTIONS[one].button), one in ENDING) for one in Action if may_act(admin.role, one)]


def _urls(admin: Admin, asked: Mapping[str, str], found: Found) -> dict[str, str | None]:
    may_manage = admin.may(Permission.MANAGE_USERS)
    return {
        "next": _url({**asked, "after": found.next}) if found.next else None,
        "previous": _url({**asked, "before": found.previous}) if found.previous else None,
        "clear_all": url_for("console.users") if asked.keys() - {"sort"} else None,
        "new": url_for("console.new_user") if may_manage else None,
        "import": url_for("console.import_users") if may_manage else None,
        "export": url_for("console.export_users") if may_manage else None,
        "bulk": url_for("console.bulk") if admin.may(Permission.USE_HELPDESK) else None,
    }

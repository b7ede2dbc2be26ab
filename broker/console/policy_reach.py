"""What pages say of a rule's reach, in sentences with numbers."""

from collections.abc import Iterable

from flask import g, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import Admin
from broker.console.frame import show
from broker.wiring import the_broker
from tenants import policy_reach as reach
from tenants.accounts import Account
from tenants.db import TenantSession
from tenants.ends import End
from tenants.organization_policies import Policies, load_policies
from tenants.policy_reach import Reach


def number(found: Reach) -> str:
    """`37`, or `more than 1000`."""
    return str(_("more than %(number)s", number=found.number)) if found.is_more else str(found.number)


def effects_of(section: str) -> list[str]:
    """Whom the rules of a section touch. At most two reads."""
    now, sentences = the_broker().ports.clock.now(), []
    with g.db.reading() as db:
        if section == "passwords":
            sentences = [_("People who have a password: %(number)s.", number=number(reach.people_with_password(db)))]
        elif section == "factors":
            sentences = [
                _("People who have a passkey: %(number)s.", number=number(reach.people_with_passkey(db))),
                _("Devices that are trusted now: %(number)s.", number=number(reach.trusted_devices(db, now))),
            ]
        elif section == "sessions":
            sessions = number(reach.open_sessions(db, now))
            sentences = [_("Open sessions: %(number)s. The rule holds for them from their next request on.", number=sessions)]
    return [str(one) for one in sentences]


def ends_at_once(db: TenantSession, organizations: Iterable[str], before: Policies, after: Policies) -> list[str]:
    """Accounts that the nightly job would switch off tonight, and would not have before: one sentence for each reason.

    What holds for each of the organizations decides: parts may have rules of their own.
    """
    now, sentences = the_broker().ports.clock.now(), []
    for days, places in reach.shortened("activation_days", organizations, before, after).items():
        if (found := reach.invitations_over(db, days, places, now)).number:
            sentences.append(
                _(
                    "Invitations that are older than %(days)s days: %(number)s. They run out tonight.",
                    days=days,
                    number=number(found),
                )
            )
    for days, places in reach.shortened("inactive_days", organizations, before, after).items():
        if (found := reach.unused_for(db, days, places, now)).number:
            sentences.append(
                _(
                    "People who have not signed in for %(days)s days: %(number)s. They are switched off tonight.",
                    days=days,
                    number=number(found),
                )
            )
    return [str(one) for one in sentences]


def ends_by_moving(db: TenantSession, account: Account, was: str, name: str) -> list[str]:
    """The same of one person who goes from the organization `was` to where they are now, which has this name."""
    policies = load_policies(db)
    will = policies.of(account.organization_id)
    end = reach.ends_by_moving(db, account, policies.of(was), will, the_broker().ports.clock.now())
    if end is None:
        return []
    if end is End.ACTIVATION:
        return [
            _(
                "In %(name)s an invitation is good for %(days)s days, and this one is older. It runs out tonight.",
                name=name,
                days=will.activation_days,
            )
        ]
    return [
        _(
            "In %(name)s who has not signed in for %(days)s days is switched off, and this person has not. It is done tonight.",
            name=name,
            days=will.inactive_days,
        )
    ]


class AskError(Exception):
    """What would end tonight, which nobody has agreed to yet. Nothing was written."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("not agreed to")
        self.sentences = sentences


def ask(admin: Admin, sentences: list[str], *, here: str, url: str, back: tuple[str, str]) -> Response:
    """The question before that: what was typed comes again with the answer."""
    return show(
        "console/confirm.html",
        admin,
        here=here,
        title=_("Switch accounts off tonight?"),
        sentences=sentences,
        label=_("Save, and switch them off tonight"),
        hidden={name: value for name, value in request.form.items() if name != "csrf_token"} | {"sure": "yes"},
        cancel_url=url,
        back=back,
    )

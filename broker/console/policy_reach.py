"""What pages say of a rule's reach, in sentences with numbers."""

from flask import g
from flask_babel import gettext as _

from broker.wiring import the_broker
from tenants import policy_reach as reach
from tenants.policies import TenantPolicy
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


def ends_at_once(before: TenantPolicy, after: TenantPolicy) -> list[str]:
    """Accounts that the nightly job would switch off tonight, and would not have before: one sentence for each reason."""
    now, sentences = the_broker().ports.clock.now(), []
    with g.db.reading() as db:
        if after.activation_days < before.activation_days:
            found = reach.invitations_over(db, after.activation_days, now)
            if found.number:
                sentences.append(
                    _(
                        "Invitations that are older than %(days)s days: %(number)s. They run out tonight.",
                        days=after.activation_days,
                        number=number(found),
                    )
                )
        if after.inactive_days < before.inactive_days:
            found = reach.unused_for(db, after.inactive_days, now)
            if found.number:
                sentences.append(
                    _(
                        "People who have not signed in for %(days)s days: %(number)s. They are switched off tonight.",
                        days=after.inactive_days,
                        number=number(found),
                    )
                )
    return [str(one) for one in sentences]

"""What the choices of a connection are called."""

from datetime import datetime

from flask_babel import gettext as _

from broker import moments
from broker.console.forms import Choice
from tenants.connection_versions import VersionState
from tenants.connections import Linking, NetworkMode, Provisioning
from tenants.only_ways import MOST_COUNTED


def provisioning_choices() -> tuple[Choice, ...]:
    return (
        Choice(Provisioning.EXISTING.value, str(_("People whose account is linked to it"))),
        Choice(Provisioning.INVITED.value, str(_("Also accounts that wait for a proven address"))),
        Choice(Provisioning.JUST_IN_TIME.value, str(_("Also newcomers with an address of an allowed, proven domain"))),
    )


def linking_choices() -> tuple[Choice, ...]:
    return (
        Choice(Linking.ASK.value, str(_("They prove once that the account is theirs"))),
        Choice(Linking.PROVEN.value, str(_("Linked without asking, where the address is proven"))),
        Choice(Linking.NEVER.value, str(_("They are refused"))),
    )


def network_choices() -> tuple[Choice, ...]:
    return (
        Choice(NetworkMode.ONLY.value, str(_("It works in them and nowhere else"))),
        Choice(NetworkMode.FIRST.value, str(_("It works everywhere and is offered first in them"))),
    )


def state_words(state: str) -> str:
    """How far a version has come."""
    words = {
        VersionState.DRAFT: _("Draft"),
        VersionState.TESTED: _("Tested"),
        VersionState.ACTIVE: _("In force"),
        VersionState.RETIRED: _("Was in force"),
    }
    return str(words[VersionState(state)])


def days_words(ends_at: datetime, now: datetime) -> str:
    """How long something lasts yet."""
    days = (ends_at - now).days
    if ends_at <= now:
        return str(_("It has ended"))
    return str(_("It ends today")) if days == 0 else str(_("It ends in %(days)s days", days=days))


def number_words(count: int) -> str:
    """How many, of what is counted up to a bound."""
    return f"{moments.number_words(MOST_COUNTED)}+" if count > MOST_COUNTED else moments.number_words(count)

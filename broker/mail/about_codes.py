"""What the mail to an address says for which somebody asked for a code.

It is posted for every address that is typed, so that the page and its time say nothing (IR-08). Whether there is an
account, and what stands against a code, is looked at here: when the mail is sent, and by nobody who waits for a page.
"""

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Row

from broker.mail.letter import Button, Letter, Words, asked_at
from broker.moments import day_words
from tenants.accounts import AccountState
from tenants.addresses import Address, AddressError, normalise_address
from tenants.ends import effective_state
from tenants.lifecycle import life_facts
from tenants.mailed_codes import LIFE
from tenants.routing_domains import find_rule


def code(letter: Letter) -> Words | None:
    """The code, or why there is none (L4). To an address without an account: nothing."""
    try:
        address = normalise_address(letter.to_address)
    except AddressError:
        return None
    account = letter.reader
    if account is None:
        return None
    state = effective_state(
        life_facts(account), letter.tenant.policy_for(account.organization_id), letter.broker.ports.clock.now()
    )
    if state is AccountState.DELETED:
        return None
    if state not in {AccountState.INVITED, AccountState.ACTIVE}:
        return _closed(letter, account, state)
    may_have_one = letter.facts["purpose"] == "own_address" or _may_use_password(letter, account, address)
    return _code(letter) if may_have_one else _elsewhere(letter, address)


def _may_use_password(letter: Letter, account: Row[Any], address: Address) -> bool:
    rule = find_rule(address.domain, letter.tenant.domains)
    is_enforced_away = rule is not None and rule.refuses_local
    return bool(
        letter.tenant.policy_for(account.organization_id).local_enabled and account.is_local_enabled and not is_enforced_away
    )


def _code(letter: Letter) -> Words:
    digits = letter.facts["code"]
    return Words(
        # In one piece: mail programs and phones offer such a number to be filled in.
        subject=_("%(code)s is your code", code=digits),
        preview=_("%(code)s is your code. We never ask for it by phone.", code=digits),
        heading=_("Your code to confirm this address") if letter.facts["purpose"] == "own_address" else _("Your sign-in code"),
        lead=_(
            "Type it on the page where you asked for it. It is valid for %(minutes)s minutes and works once.",
            minutes=int(LIFE.total_seconds()) // 60,
        ),
        code=digits,
        rows=(asked_at(letter),),
        notes=(_("You didn’t ask for it? Then don’t pass it on to anybody. Without the code nobody gets in."),),
    )


def _closed(letter: Letter, account: Row[Any], state: AccountState) -> Words:
    """The cause in the words of the pages (L4)."""
    policy, name = letter.tenant.policy_for(account.organization_id), letter.name
    if state is AccountState.EXPIRED and account.expires_at is not None:
        # An end date is the first moment after the last day.
        heading = _("Your access ended on %(day)s", day=day_words(account.expires_at - timedelta(microseconds=1)))
        sentence = _("If you still work with %(name)s, ask your contact there to extend it.", name=name)
    elif state is AccountState.EXPIRED:
        heading = _("Your access has ended")
        sentence = _("If you still work with %(name)s, ask your contact there to extend it.", name=name)
    elif state is AccountState.DEACTIVATED:
        heading = _("Your invitation has run out")
        sentence = _(
            "It was valid for %(days)s days. Ask for a new one; it takes an admin one click.", days=policy.activation_days
        )
    elif state is AccountState.INACTIVE:
        heading = _("Your account is switched off")
        sentence = _(
            "Nobody signed in with it for %(days)s days. An admin can switch it on again; your sign-in stays as it was.",
            days=policy.inactive_days,
        )
    else:
        heading = _("Your account is switched off")
        sentence = _("An admin of your organization has switched it off. They can switch it on again.")
    return _without_code(letter, heading, sentence)


def _elsewhere(letter: Letter, address: Address) -> Words:
    """L10: a password is nothing that this account has."""
    labels = _ways(letter, address)
    if not labels:
        sentence = _(
            "E-mail and password isn’t switched on for your account. Your organization’s help desk knows how you sign in."
        )
        return _without_code(letter, _("You have no password here"), sentence)
    sentence = _("Your account has no password here. You sign in with %(ways)s.", ways=" / ".join(labels))
    return _without_code(letter, _("You sign in with your work account"), sentence, Button(_("Sign in"), letter.sign_in_link()))


def _ways(letter: Letter, address: Address) -> list[str]:
    """What the sign-in page would offer to this address: its domain's connection, or the ones with a button."""
    connections = letter.tenant.connections
    rule = find_rule(address.domain, letter.tenant.domains)
    bound = connections.get(rule.connection or "") if rule else None
    if bound is not None and bound.is_enabled:
        return [bound.label]
    return [connection.label for connection in connections.values() if connection.is_enabled and connection.is_shown]


def _without_code(letter: Letter, heading: str, sentence: str, button: Button | None = None) -> Words:
    return Words(
        subject=_("Why there is no code"),
        heading=heading,
        lead=sentence,
        button=button,
        rows=(asked_at(letter),),
        notes=(_("You didn’t ask for a code? Then you need to do nothing."),),
        is_usual=False,
    )

"""What the e-mail step tells about an account, where the tenant has switched that on (requirements.md, E).

Where parts rule it themselves, an account's own part decides about it; that there is none is told only where every part
tells such things. Else an address of a part that tells nothing would be known by nothing being told.
"""

from flask import g

from broker.signin.complete import account_facts
from broker.wiring import the_broker
from tenants.accounts import ACCOUNT_BY_ADDRESS, AccountState
from tenants.addresses import Address
from tenants.causes import Cause, Refusal
from tenants.credentials import ACCOUNT_FACTS
from tenants.policies import effective_state

_CAUSES: dict[AccountState, tuple[Cause, str | None]] = {
    AccountState.INVITED: (Cause.ACCOUNT_NOT_ACTIVATED, "invited"),
    AccountState.DISABLED: (Cause.ACCOUNT_DISABLED, None),
    AccountState.DEACTIVATED: (Cause.ACCOUNT_NOT_ACTIVATED, None),
    AccountState.INACTIVE: (Cause.ACCOUNT_INACTIVE, None),
    AccountState.EXPIRED: (Cause.ACCOUNT_EXPIRED, None),
    AccountState.DELETED: (Cause.ACCOUNT_UNKNOWN, "told"),
}


def tell_state(address: Address, *, is_setting_up: bool = False) -> None:
    """Raise what there is to tell about this address's account. Off by default: then nothing is even read.

    `is_setting_up`: that an account is not set up yet is no news where that is being done.
    """
    policies = (g.tenant.policy, *g.tenant.policies.values())
    if not any(policy.discloses_account_state for policy in policies):
        return
    with g.db.reading() as db:
        found = db.one(ACCOUNT_BY_ADDRESS, email_key=address.key)
        account = db.one(ACCOUNT_FACTS, account=found.id) if found else None
    if account is None and all(policy.discloses_account_state for policy in policies):
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "told at the e-mail step", email=address.text, fact="told")
    own = g.tenant.policy_for(account.organization_id) if account is not None else None
    if account is None or own is None or not own.discloses_account_state:
        return
    state = effective_state(account_facts(account), own, the_broker().ports.clock.now())
    if state is AccountState.DELETED and not all(policy.discloses_account_state for policy in policies):
        return
    if state in _CAUSES and not (is_setting_up and state is AccountState.INVITED):
        cause, fact = _CAUSES[state]
        raise Refusal(cause, "told at the e-mail step", email=address.text, account_id=account.id, fact=fact)

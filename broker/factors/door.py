"""Password and code of the back door, judged together: whatever is wrong, it costs the same and says the same (AC-02)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.factors import totp
from broker.wiring import the_broker
from tenants.accounts import ADMIN_ROLES, AccountState
from tenants.addresses import AddressError, normalise_address
from tenants.backdoors import DOOR_CREDENTIAL_OF_ADDRESS
from tenants.passwords import PasswordError, normalise_password
from tenants.vault import Place

_SEED_OF_NOBODY = "A" * 32


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a try was worth: an account to let in and the code's time step to spend, or what was wrong, for admins."""

    account: Row[Any] | None
    step: int
    wrong: str = ""

    @property
    def is_right(self) -> bool:
        return not self.wrong


def judge(email: str, typed_password: str, typed_code: str) -> Judgement:
    """Look at everything before saying anything. Consumes nothing yet."""
    now = the_broker().ports.clock.now()
    account = _account(email)
    is_known = the_broker().hasher.verify(account.password_hash if account else None, _normalised(typed_password))
    step = totp.matching_step(_seed(account), typed_code, now)
    if account is None:
        return Judgement(None, 0, "nobody with this address is marked")
    if not is_known:
        return Judgement(account, 0, "wrong password")
    if step is None or (account.last_step is not None and step <= account.last_step):
        return Judgement(account, 0, "wrong or spent code")
    if not may_enter(account, now):
        return Judgement(account, 0, "no owner or admin who may sign in now")
    return Judgement(account, step)


def may_enter(account: Row[Any], now: datetime) -> bool:
    """Is this account an owner's or admin's, and neither switched off nor at its end?"""
    is_over = account.expires_at is not None and account.expires_at <= now
    return account.role in ADMIN_ROLES and account.state == AccountState.ACTIVE and not is_over


def seal_seed(seed: str, credential_id: str) -> str:
    """The seed as it is stored."""
    return the_broker().vault.seal(seed, _place(credential_id))


def _seed(account: Row[Any] | None) -> str:
    if account is None or account.totp_sealed is None:
        return _SEED_OF_NOBODY
    return the_broker().vault.open(account.totp_sealed, _place(account.credential_id))


def _place(credential_id: str) -> Place:
    return Place(g.tenant.id, "door_credentials", "totp_sealed", credential_id)


def _normalised(typed: str) -> str:
    """What can be nobody's password is compared all the same, as an empty one, which is nobody's either."""
    try:
        return normalise_password(typed)
    except PasswordError:
        return ""


def _account(email: str) -> Row[Any] | None:
    try:
        key = normalise_address(email).key
    except AddressError:
        key = ""
    with g.db.reading() as db:
        found: Row[Any] | None = db.one(DOOR_CREDENTIAL_OF_ADDRESS, email_key=key)
    return found

"""The password: looked up, checked in the hashing pool, its hash renewed when the parameters have changed."""

from types import SimpleNamespace
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.addresses import stored_address
from tenants.credentials import NOTE_PASSWORD_USE, PASSWORD_OF_ADDRESS, STORE_REHASH
from tenants.db import TenantSession
from tenants.passwords import PasswordError, normalise_password


def is_possible(typed: str) -> bool:
    """Can this be a password of anybody? What is over the cap, or no text, is refused before it costs a hash (LC-05)."""
    return _normalised(typed) is not None


def check(email: str, typed: str) -> Any:
    """The account's row (of PASSWORD_OF_ADDRESS, with the hash as it is now) when the password is right; else None.

    Takes the same time either way: unknown addresses and accounts without a password cost a hash as well (LC-04). That it
    was used is written by `note_use`.
    """
    hasher = the_broker().hasher
    candidate = _normalised(typed)
    account = _account(email)
    known_hash = account.secret_hash if account else None
    if candidate is None or not hasher.verify(known_hash, candidate) or account is None:
        return None
    if not hasher.is_outdated(account.secret_hash):
        return account
    renewed = hasher.hash(candidate)
    with g.db.writing() as db:
        db.run(STORE_REHASH, credential_id=account.credential_id, old_hash=account.secret_hash, new_hash=renewed)
    # What is done about this password later names it by its hash.
    return SimpleNamespace(**dict(account._mapping) | {"secret_hash": renewed})


def note_use(db: TenantSession, credential_id: str) -> None:
    """A right password was shown, when and from where; within the caller's transaction."""
    now = the_broker().ports.clock.now()
    db.run(NOTE_PASSWORD_USE, credential_id=credential_id, at=now, address=client_address()[:45])


def _normalised(typed: str) -> str | None:
    try:
        return normalise_password(typed)
    except PasswordError:
        return None


def _account(email: str) -> Row[Any] | None:
    address = stored_address(email)
    if address is None:
        return None
    with g.db.reading() as db:
        found: Row[Any] | None = db.one(PASSWORD_OF_ADDRESS, email_key=address.key)
    return found

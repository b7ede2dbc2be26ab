"""The tenant's own keys for SAML, one after the other: roll (publish a second one), use (sign with it), retire.

There are two at most. While both are published, identity providers may verify with either, and what was encrypted for
either is opened; so each of them can fetch our metadata in its own time.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from tenants.audit import Event, append
from tenants.db import TenantSession
from tenants.keys import KeyState, SigningKey, place_of_private
from tenants.signing import SAML, NewKey
from tenants.vault import Vault


class KeyChangeError(ValueError):
    """It can't be done now; the message says why, for the operator."""


def saml_keys(session: TenantSession, algorithm: str = SAML) -> Sequence[SigningKey]:
    """Those that are published, the newest first: towards identity providers, or (`SAML_IDP`) towards applications."""
    published = (KeyState.ACTIVE.value, KeyState.PUBLISHED.value)
    return session.scalars(
        select(SigningKey)
        .where(SigningKey.algorithm == algorithm, SigningKey.state.in_(published))
        .order_by(SigningKey.created_at.desc(), SigningKey.id)
    ).all()


def publish(session: TenantSession, vault: Vault, made: NewKey, now: datetime) -> None:
    """Put a new key beside the active one. Raises KeyChangeError."""
    keys = _locked(session, made.algorithm)
    if len(keys) > 1:
        raise KeyChangeError("There are two keys already: retire the old one first.")
    session.add(
        SigningKey(
            id=made.kid,
            algorithm=made.algorithm,
            state=KeyState.PUBLISHED.value if keys else KeyState.ACTIVE.value,
            public_jwk=made.public_jwk,
            private_sealed=vault.seal(made.private, place_of_private(session.tenant_id, made.kid)),
            created_at=now,
        )
    )
    _note(session, "published", made.kid, now)


def use_other(session: TenantSession, now: datetime, algorithm: str = SAML) -> str:
    """Sign with the key that was only published; the one that signed stays published. Raises KeyChangeError."""
    other = _other(_locked(session, algorithm))
    for key in saml_keys(session, algorithm):
        key.state = KeyState.ACTIVE.value if key.id == other.id else KeyState.PUBLISHED.value
    _note(session, "used", other.id, now)
    return str(other.id)


def retire_other(session: TenantSession, now: datetime, algorithm: str = SAML) -> str:
    """Take the key that does not sign out of our metadata; what is encrypted for it is not opened any more."""
    other = _other(_locked(session, algorithm))
    other.state = KeyState.RETIRED.value
    _note(session, "retired", other.id, now)
    return str(other.id)


def _locked(session: TenantSession, algorithm: str) -> Sequence[SigningKey]:
    """One change at a time: counting the configuration up holds the tenant's row until the end."""
    session.touch_configuration()
    return saml_keys(session, algorithm)


def _other(keys: Sequence[SigningKey]) -> SigningKey:
    found = [key for key in keys if key.state == KeyState.PUBLISHED.value]
    if not found:
        raise KeyChangeError("There is one key only. Publish a second one first.")
    return found[0]


def _note(session: TenantSession, what: str, kid: str, now: datetime) -> None:
    append(session, Event.SIGNING_KEY_CHANGED, at=now, detail={"what": what, "key": kid, "by": "operator"})

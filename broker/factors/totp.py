"""The authenticator app: time-based codes (RFC 6238), 30 seconds, six digits, each good once."""

from datetime import datetime

import pyotp
from flask import g

from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.credentials import SPEND_TOTP_STEP, TOTP_OF_ACCOUNT
from tenants.db import TenantSession
from tenants.ids import is_same
from tenants.vault import Place

_STEP_SECONDS = 30
_DRIFT_STEPS = (0, -1, 1)
_SEED_BYTES = 20


def spend(db: TenantSession, account_id: str, typed: str) -> bool:
    """Is this the account's code of now, or of the step before or after? Consumes the step, within the caller's transaction.

    False as well where somebody did already.
    """
    row, now = db.one(TOTP_OF_ACCOUNT, account_id=account_id), the_broker().ports.clock.now()
    step = matching_step(open_seed(row.secret_sealed, row.id), typed, now) if row is not None else None
    if row is None or step is None:
        return False
    return bool(db.run(SPEND_TOTP_STEP, credential_id=row.id, step=step, at=now, address=client_address()[:45]))


def matching_step(seed: str, typed: str, now: datetime) -> int | None:
    """The time step whose code was typed, or None. One step of clock drift either way is allowed (RFC 6238, 5.2)."""
    digits = "".join(typed.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    current = int(now.timestamp()) // _STEP_SECONDS
    app = pyotp.TOTP(seed)
    matches = [current + drift for drift in _DRIFT_STEPS if is_same(app.generate_otp(current + drift), digits)]
    return matches[0] if matches else None


def new_seed() -> str:
    """160 random bits in base32, as RFC 4226 (section 4, R6) recommends."""
    return pyotp.random_base32(length=_SEED_BYTES * 8 // 5)


def enrolment_url(seed: str, email: str, issuer: str) -> str:
    """The `otpauth://` address that apps read from the QR code."""
    return pyotp.TOTP(seed).provisioning_uri(name=email, issuer_name=issuer)


def seal_seed(seed: str, credential_id: str) -> str:
    """The seed as it is stored."""
    return the_broker().vault.seal(seed, _place(credential_id))


def open_seed(sealed: str, credential_id: str) -> str:
    """The seed of a stored credential."""
    return the_broker().vault.open(sealed, _place(credential_id))


def _place(credential_id: str) -> Place:
    return Place(g.tenant.id, "credentials", "secret_sealed", credential_id)

"""Recovery codes: ten at a time, shown once, each good for one sign-in (requirements.md, L7).

80 random bits each, so a plain hash of one gives nothing away (SF-07). They are no codes of the app or of a mail: those
have six digits, these sixteen letters and digits.
"""

import base64
from datetime import datetime

from flask import g, make_response, render_template
from werkzeug.wrappers import Response

from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.accounts import LOCK_ACCOUNT
from tenants.credentials import (
    ADD_CREDENTIAL,
    DROP_CREDENTIALS_OF_KIND,
    RECOVERY_CODES_LEFT,
    SPEND_RECOVERY_CODE,
    CredentialKind,
)
from tenants.db import TenantSession
from tenants.ids import digest, new_id

HOW_MANY = 10
_BYTES = 10
_LENGTH = 16
# Base32 without 0 O 1 I: codes are copied from paper.
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_FROM_BASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _LETTERS)


def new_codes() -> list[str]:
    """Ten codes such as `7KQF-29XM-WD4P-H3TN`, stored nowhere yet."""
    return [_new_code() for _ in range(HOW_MANY)]


def store(db: TenantSession, account_id: str, codes: list[str], now: datetime) -> None:
    """Keep the hashes of these codes and drop all older ones, within the caller's transaction."""
    db.one(LOCK_ACCOUNT, account=account_id)
    db.run(DROP_CREDENTIALS_OF_KIND, account=account_id, which=CredentialKind.RECOVERY_CODE.value)
    for code in codes:
        db.run(
            ADD_CREDENTIAL,
            id=new_id("cre"),
            account_id=account_id,
            kind=CredentialKind.RECOVERY_CODE.value,
            secret_hash=digest(_normalised(code)),
            created_at=now,
        )


def spend(db: TenantSession, account_id: str, typed: str) -> bool:
    """Is this one of the account's codes, and its first use? Consumes it, within the caller's transaction."""
    code = _normalised(typed)
    if len(code) != _LENGTH or not set(code) <= set(_LETTERS):
        return False
    seen = {"at": the_broker().ports.clock.now(), "address": client_address()[:45]}
    return bool(db.run(SPEND_RECOVERY_CODE, account=account_id, code_hash=digest(code), **seen))


def left(db: TenantSession, account_id: str) -> int:
    """How many codes are still good."""
    return len(db.all(RECOVERY_CODES_LEFT, account=account_id))


def page_of(codes: list[str], email: str, continue_url: str) -> Response:
    """The page that shows new codes: the answer to what made them, and never to asking for it again (SF-07)."""
    page = render_template(
        "factors/recovery_codes.html",
        codes=codes,
        email=email,
        file_name=f"recovery-codes-{g.tenant.slug}.txt",
        continue_url=continue_url,
    )
    return make_response(page)


def _new_code() -> str:
    letters = base64.b32encode(the_broker().ports.randomness.token_bytes(_BYTES)).decode().translate(_FROM_BASE32)
    return "-".join(letters[start : start + 4] for start in range(0, _LENGTH, 4))


def _normalised(typed: str) -> str:
    """As it was written down: capitals or not, with any dashes and spaces."""
    return "".join(letter for letter in typed[:100].upper() if not letter.isspace() and letter not in "-–—")

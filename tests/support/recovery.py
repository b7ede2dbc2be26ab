"""Recovery codes of a test's people."""

from tenants.credentials import Credential, CredentialKind
from tenants.ids import digest, new_id
from tests.factories import Home, Someone

CODES = [f"{letter * 4}-7KQF-29XM-WD4P" for letter in "ABCDEFGHJK"]


def codes_of(home: Home, who: Someone) -> list[str]:
    """Ten, as the account has written them down; nobody else has the same, as they are looked for by account."""
    kind = CredentialKind.RECOVERY_CODE.value
    for code in CODES:
        made = {"id": new_id("cre"), "account_id": who.id, "kind": kind, "secret_hash": digest(code.replace("-", ""))}
        home.add(Credential(created_at=home.now, **made))
    return list(CODES)

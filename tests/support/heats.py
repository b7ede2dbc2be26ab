"""What is raced for: every secret that is good once, with the statement by which the product takes it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tenants.credentials import Credential, CredentialKind
from tenants.ids import digest, new_id, new_secret
from tenants.sessions import ApplicationGrant
from tenants.used_tokens import used_token_id
from tests import factories
from tests.factories import Home
from tests.support.application_rows import pushed_request
from tests.support.racing import Heat
from tests.support.rows import application_grant, door_credential, login_transaction, mailed_code, passkey

Values = dict[str, Any]


def _totp_step(home: Home) -> Values:
    made = factories.credential(home)
    return {"credential_id": made.id, "step": 1000, "at": home.now, "address": "192.0.2.1"}


def _door_step(home: Home) -> Values:
    return {"credential_id": door_credential(home).id, "step": 1000, "at": home.now}


def _door_link(home: Home) -> Values:
    link, end = digest(new_secret()), home.now + timedelta(hours=1)
    made = door_credential(home, link_hash=link, link_expires_at=end)
    new = {"new_hash": "a hash", "new_seed": "a sealed seed", "step": 1000}
    return {"credential_id": made.id, "spent_hash": link, "at": home.now} | new


def _recovery_code(home: Home) -> Values:
    code_hash = digest(new_secret())
    made = factories.credential(home, secret_hash=code_hash)
    home.change(Credential, made.id, kind=CredentialKind.RECOVERY_CODE.value)
    return {"account": made.account_id, "code_hash": code_hash, "at": home.now, "address": "192.0.2.1"}


def _mailed_code(home: Home) -> Values:
    made = mailed_code(home)
    return {"transaction": made.id, "of_purpose": made.purpose, "typed_hash": made.code_hash, "now": home.now}


def _passkey_challenge(home: Home) -> Values:
    browser = digest(new_secret())
    made = login_transaction(home, challenge=new_secret(), browser_hash=browser)
    return {"id_hash": made.id, "taken": made.challenge, "browser": browser, "now": home.now}


def _passkey_answer(home: Home) -> Values:
    return {"passkey_id": passkey(home).id, "count": 1, "synced": False, "at": home.now, "address": "192.0.2.1"}


def _invitation(home: Home) -> Values:
    return {"invitation_id": factories.invitation(home).id, "now": home.now}


def _return(home: Home) -> Values:
    browser, state, way = digest(new_secret()), digest(new_secret()), factories.connection(home)
    columns = {"connection_id": way.id, "connection_version": way.version}
    login_transaction(home, state_hash=state, browser_hash=browser, **columns)
    return {"state_digest": state, "connection": way.id, "browser": browser, "now": home.now}


def _attempt(home: Home) -> Values:
    browser = digest(new_secret())
    return {"id_hash": login_transaction(home, browser_hash=browser).id, "browser": browser, "now": home.now}


def _assertion(home: Home) -> Values:
    way = factories.connection(home)
    return {"id": digest(new_secret()), "connection_id": way.id, "expires_at": home.now + timedelta(minutes=5)}


def _grant_code(home: Home) -> Values:
    made = application_grant(home)
    return {"code_digest": made.code_hash, "now": home.now, "new_handle": new_id("h"), "new_hash": digest(new_secret())}


def _refresh_token(home: Home) -> Values:
    made, handle, old = application_grant(home), new_id("h"), digest(new_secret())
    home.change(ApplicationGrant, made.id, refresh_handle=handle, refresh_hash=old)
    taken = {"handle": handle, "old_hash": old, "new_hash": digest(new_secret())}
    return taken | {"application": made.application_id, "now": home.now}


def _client_assertion(home: Home) -> Values:
    made = factories.application(home)
    until = home.now + timedelta(minutes=5)
    return {"token_id": used_token_id("assertion", made.id, new_secret()), "application": made.id, "until": until}


def _pushed_request(home: Home) -> Values:
    return {"handle": pushed_request(home).id, "now": home.now}


SECRETS: dict[str, tuple[str, Callable[[Home], Values]]] = {
    "time step of an authenticator app (SF-01)": ("tenants.credentials:SPEND_TOTP_STEP", _totp_step),
    "recovery code (SF-06)": ("tenants.credentials:SPEND_RECOVERY_CODE", _recovery_code),
    "challenge of a passkey (SF-08)": ("tenants.transactions:TAKE_CHALLENGE", _passkey_challenge),
    "count of a passkey (SF-08)": ("tenants.passkeys:USE_PASSKEY", _passkey_answer),
    "mailed code (LC-08)": ("tenants.mailed_codes:USE_CODE", _mailed_code),
    "invitation or reset link (IR-02)": ("tenants.transactions:SPEND_INVITATION", _invitation),
    "link of the back door": ("tenants.backdoors:SET_UP_DOOR_CREDENTIAL", _door_link),
    "time step at the back door": ("tenants.backdoors:SPEND_DOOR_STEP", _door_step),
    "return from a provider (OU-04)": ("tenants.transactions:TAKE_RETURN", _return),
    "return from an unchanged provider": ("tenants.transactions:TAKE_UNCHANGED_RETURN", _return),
    "end of an attempt": ("tenants.transactions:FINISH_TRANSACTION", _attempt),
    "assertion (SU-15)": ("tenants.transactions:USE_ASSERTION", _assertion),
    "authorization code (OD)": ("tenants.sessions:REDEEM_CODE", _grant_code),
    "assertion of a client (OD-12)": ("tenants.used_tokens:USE_TOKEN", _client_assertion),
    "pushed request (OD)": ("tenants.pushed_requests:USE_REQUEST", _pushed_request),
    "refresh token (OD)": ("tenants.sessions:ROTATE_REFRESH", _refresh_token),
}


def heats_of(home: Home, secret: str, rounds: int) -> list[Heat]:
    """So many heats for one of `SECRETS`, each for a new one."""
    statement, make = SECRETS[secret]
    return [Heat(secret, statement, home.id, make(home)) for _ in range(rounds)]

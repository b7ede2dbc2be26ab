"""A code or a refresh token for a grant that is good now (RFC 6749, 4.1.3 and 6; RFC 9700, 2.1 and 4.14).

What can be used once is used up first, by one conditional UPDATE that commits, and judged afterwards. Whatever is shown
a second time revokes the grant: one of the two who showed it had no right to.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.downstream.oidc.authorize import accepts_way
from broker.downstream.oidc.parameters import Parameters
from broker.session import is_account_live
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.assignments import entitlements_of
from tenants.audit import Event
from tenants.causes import Cause, ProtocolFault
from tenants.db import TenantSession
from tenants.ids import digest, is_same, new_secret
from tenants.sessions import (
    GRANT_BY_CODE,
    GRANT_BY_HANDLE,
    PERSON_OF_GRANT,
    REDEEM_CODE,
    REVOKE_GRANT,
    ROTATE_REFRESH,
)
from tenants.snapshot import ApplicationConfig
from tenants.ways import DOOR, LOCAL

REPEAT_GRACE = timedelta(seconds=10)
"""How long the refresh token before the present one brings that one again, to whom the answer got lost."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant that is good now: `person` is its row of PERSON_OF_GRANT, `refresh_token` the next one."""

    application: ApplicationConfig
    person: Row[Any]
    scope: tuple[str, ...]
    refresh_token: str
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A redeemed code's row and what was shown with it."""

    grant: Row[Any]
    form: Parameters
    application: ApplicationConfig
    now: datetime


def redeem_code(form: Parameters, application: ApplicationConfig) -> Granted:
    """`grant_type=authorization_code`. Raises ProtocolFault(GRANT_INVALID); the code is used up in any case."""
    code = _require(form, "code")
    if not _SECRET.fullmatch(code):
        raise _invalid("the code is malformed", application)
    now = the_broker().ports.clock.now()
    handle, secret = new_secret(), new_secret()
    person = None
    with g.db.writing() as db:
        grant = db.one(REDEEM_CODE, code_digest=digest(code), now=now, new_handle=handle, new_hash=digest(secret))
        if grant is None:
            _revoke_reused(db, db.one(GRANT_BY_CODE, code_digest=digest(code)), now, "code")
        else:
            person = db.one(PERSON_OF_GRANT, grant_id=grant.id)
    if grant is None or person is None:
        raise _invalid("the code is unknown or was used before", application)
    for check in CODE_CHECKS:
        check(Shown(grant, form, application, now))
    application = _require_good(person, application, now)
    return Granted(application, person, tuple(grant.scope.split()), f"{handle}.{secret}", grant.nonce)


def is_own_code(shown: Shown) -> None:
    """RFC 6749, 4.1.3: issued to this client."""
    if shown.grant.application_id != shown.application.id:
        raise _invalid("the code was issued to another client", shown.application)


def is_in_time(shown: Shown) -> None:
    """RFC 6749, 4.1.2."""
    if shown.grant.code_expires_at <= shown.now:
        raise _invalid("the code has expired", shown.application)


def is_same_address(shown: Shown) -> None:
    """RFC 6749, 4.1.3: the very address that the code was sent to."""
    if shown.form.get("redirect_uri") != shown.grant.redirect_uri:
        raise _invalid("redirect_uri is not the one of the authorization request", shown.application)


def is_same_client(shown: Shown) -> None:
    """RFC 7636, 4.6. A verifier without a challenge is refused as well: somebody took the challenge out (RFC 9700, 4.8.2)."""
    verifier, challenge = shown.form.get("code_verifier"), shown.grant.code_challenge
    if challenge is None and verifier is None:
        return
    if challenge is None or verifier is None or not _VERIFIER.fullmatch(verifier):
        raise _invalid("code_verifier is missing, malformed or unexpected", shown.application)
    expected = urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()
    if not is_same(expected, challenge):
        raise _invalid("code_verifier does not match", shown.application)


CODE_CHECKS: tuple[Callable[[Shown], None], ...] = (is_own_code, is_in_time, is_same_address, is_same_client)


def rotate_refresh(form: Parameters, application: ApplicationConfig) -> Granted:
    """`grant_type=refresh_token`. Raises ProtocolFault(GRANT_INVALID), or invalid_scope for a wider scope."""
    parts = split_refresh(_require(form, "refresh_token"))
    now = the_broker().ports.clock.now()
    if parts is None:
        raise _invalid("the refresh token is malformed", application)
    handle, secret = parts
    successor = _successor(handle, secret)
    person = None
    with g.db.writing() as db:
        grant = db.one(
            ROTATE_REFRESH,
            handle=handle,
            old_hash=digest(secret),
            new_hash=digest(successor),
            application=application.id,
            now=now,
        ) or _repeated(db, handle, successor, application, now)
        if grant is not None:
            person = db.one(PERSON_OF_GRANT, grant_id=grant.id)
    if grant is None or person is None:
        raise _invalid("the refresh token is unknown, expired, revoked or was used before", application)
    application = _require_good(person, application, now)
    return Granted(application, person, _narrowed(grant, form, application), f"{handle}.{successor}")


def split_refresh(token: str) -> tuple[str, str] | None:
    """Handle and secret of what looks like a refresh token of ours; None: it is something else."""
    handle, _, secret = token.partition(".")
    return (handle, secret) if _SECRET.fullmatch(handle) and _SECRET.fullmatch(secret) else None


def revoked_because(person: Row[Any], now: datetime) -> str | None:
    """What has ended this grant since it was given; None: nothing has. `person` is a row of PERSON_OF_GRANT."""
    if person.revoked_at is not None:
        return "the grant was revoked"
    if person.ended_at is not None and not _outlives_session(person):
        return "the session was ended"
    if person.grant_expires_at <= now:
        return "the grant has expired"
    if not is_account_live(person, now):
        return "the account may not act"
    return _upstream_ended(person)


def _outlives_session(person: Row[Any]) -> bool:
    """OpenID Connect Back-Channel Logout, 2.7: signing out leaves offline access as it is; any other end does not."""
    return bool(person.is_left) and "offline_access" in person.scope.split()


def _upstream_ended(person: Row[Any]) -> str | None:
    """Requirement U8: what came by an identity provider goes on only while that way and that identity are there."""
    if person.method not in {LOCAL, DOOR} and not person.connection_is_enabled:
        return "the connection was switched off"
    if person.identity_id is not None and person.known_identity_id is None:
        return "the identity was removed"
    return None


def _require_good(person: Row[Any], application: ApplicationConfig, now: datetime) -> ApplicationConfig:
    """The application as configured now, where it, grant, session and account are all still good."""
    g.tenant = the_broker().snapshots.at_least(g.tenant, person.config_version)
    current: ApplicationConfig | None = g.tenant.applications.get(application.client_id)
    if current is None or not current.is_enabled:
        raise ProtocolFault(Cause.CLIENT_INVALID, "the client was switched off", application_id=application.id)
    reason = revoked_because(person, now)
    if reason is None and not accepts_way(current, person.method):
        reason = "the application does not accept this way to sign in any more"
    if reason is None and not _is_assigned(person, current):
        reason = "the person is not assigned to the application any more"
    if reason is not None:
        raise _invalid(reason, application, person.account_id)
    return current


def _is_assigned(person: Row[Any], application: ApplicationConfig) -> bool:
    """Requirement R5, at each issue: who is not meant any more gets no new token."""
    if application.audience is None:
        return True
    with g.db.reading() as db:
        return application.audience.admits(entitlements_of(db, person.account_id, person.organization_id))


def _successor(handle: str, secret: str) -> str:
    """The refresh secret that follows on this one: known only to who has the secret and our key, and nowhere stored.

    So a client whose answer got lost can ask again, and the database still holds hashes alone.
    """
    key = the_broker().vault.derive("refresh")
    return urlsafe_b64encode(hmac.new(key, f"{handle}.{secret}".encode(), sha256).digest()).rstrip(b"=").decode()


def _repeated(db: TenantSession, handle: str, successor: str, application: ApplicationConfig, now: datetime) -> Row[Any] | None:
    """The grant, where this is the token just before the present one, within the grace and by the same client.

    Any other token of a grant that still lives revokes it, as somebody has a copy (RFC 9700, 4.14.2).
    """
    grant = db.one(GRANT_BY_HANDLE, handle=handle)
    if grant is None or grant.revoked_at is not None or grant.expires_at <= now:
        return None
    is_before = grant.refresh_hash == digest(successor) and grant.application_id == application.id
    if is_before and grant.refreshed_at is not None and now - grant.refreshed_at <= REPEAT_GRACE:
        return grant
    _revoke_reused(db, grant, now, "refresh token")
    return None


def _revoke_reused(db: TenantSession, grant: Row[Any] | None, now: datetime, what: str) -> None:
    """End the grant whose code or token came a second time, and say so; commits with the caller's transaction."""
    if grant is None or not db.run(REVOKE_GRANT, grant_id=grant.id, now=now):
        return
    audit.append(
        db,
        Event.GRANT_REUSED,
        at=now,
        account_id=grant.account_id,
        application_id=grant.application_id,
        address=client_address(),
        detail={"what": what},
    )


def _narrowed(grant: Row[Any], form: Parameters, application: ApplicationConfig) -> tuple[str, ...]:
    """RFC 6749, 6: the scope may be asked for again in part, never in more."""
    granted = tuple(grant.scope.split())
    asked = (form.get("scope") or grant.scope).split()
    if not set(asked) <= set(granted):
        raise ProtocolFault(
            Cause.REQUEST_INVALID,
            "more scope than was granted",
            error="invalid_scope",
            application_id=application.id,
        )
    return tuple(word for word in granted if word in asked)


def _require(form: Parameters, name: str) -> str:
    value = form.get(name)
    if value is None:
        raise ProtocolFault(Cause.REQUEST_INVALID, f"{name} is missing")
    return value


def _invalid(detail: str, application: ApplicationConfig, account_id: str | None = None) -> ProtocolFault:
    return ProtocolFault(Cause.GRANT_INVALID, detail, application_id=application.id, account_id=account_id)

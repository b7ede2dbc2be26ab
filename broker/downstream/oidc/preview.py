"""What an application would be told about a person: the claims of its tokens and of UserInfo, without a sign-in.

Nothing is signed, so nothing of it can be used as a token. What differs from sign-in to sign-in is a sample.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from broker.downstream.oidc.asked import scopes_of
from broker.downstream.oidc.claims import access_token_claims, id_token_claims, userinfo_claims
from tenants.accounts import GROUPS_OF_ACCOUNT
from tenants.db import TenantSession
from tenants.own import PREVIEWED
from tenants.snapshot import ApplicationConfig

_SAMPLE = {"jti": "…", "at_hash": "…", "nonce": "…", "sid": "…", "gid": "…"}
"""What is another one each time."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Claims by place. `scope`: what was granted of what was asked."""

    scope: tuple[str, ...]
    id_token: dict[str, Any]
    userinfo: dict[str, Any]
    access_token: dict[str, Any]


def preview(
    db: TenantSession, application: ApplicationConfig, account_id: str, scope: Collection[str], now: datetime
) -> Preview | None:
    """Needs `g.tenant`. None: there is no such account. Without `scope`: everything that the application may ask for."""
    row = db.one(PREVIEWED, account=account_id)
    if row is None:
        return None
    groups = [group.value for group in db.all(GROUPS_OF_ACCOUNT, account_id=account_id)]
    granted = tuple(word for word in scopes_of(application) if not scope or word in scope)
    person: Any = SimpleNamespace(
        **row._mapping,
        account_id=account_id,
        auth_time=now,
        session_id="…",
        grant_id="…",
        claims=None,
        acr=None,
        proofs=[{"method": "pwd", "at": now.isoformat()}, {"method": "otp", "at": now.isoformat()}],
    )
    of_token = id_token_claims(person, application, now, nonce="…", at_hash="…", scope=granted, groups=groups)
    return Preview(
        granted,
        _sampled(of_token),
        userinfo_claims(person, application, granted, groups),
        _sampled(access_token_claims(person, application, now, granted)),
    )


def _sampled(claims: dict[str, Any]) -> dict[str, Any]:
    return claims | {name: value for name, value in _SAMPLE.items() if name in claims}

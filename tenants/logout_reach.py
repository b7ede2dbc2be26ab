"""Which applications a session has reached, and how each can be told of its end: one half of the seam of tenants/logouts.py.

`Reached.channel` is a key of CHANNELS (broker/downstream/logout.py), or None for an application that has no way to be told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import bindparam, select

from tenants.applications import Application
from tenants.db import TenantSession
from tenants.saml_logins import REACHED_BY_SAML
from tenants.sessions import ApplicationGrant
from tenants.statements import scoped

BACK_CHANNEL = "backchannel"
SAML = "saml"
"""By the browser of the person, one application after the other (broker/downstream/saml/chain.py)."""
SOAP = "saml_soap"
"""From server to server (broker/downstream/saml/soap.py)."""
BROWSER_LIFE = timedelta(minutes=10)
"""So long a browser has to tell an application that could be told from server to server as well."""


@dataclass(frozen=True, slots=True)
class Reached:
    """One application that a session reached, and how it can be told of its end."""

    application_id: str
    channel: str | None
    facts: dict[str, Any] = field(default_factory=dict)
    is_by_browser: bool = False
    """Only a browser can go that way: the worker leaves it alone,"""
    has_other_way: bool = False
    """or waits with the other way until the browser has had its time."""

    def first_try(self, now: datetime) -> datetime | None:
        """When the worker tells it; None: it does not."""
        if self.is_by_browser:
            return now + BROWSER_LIFE if self.has_other_way else None
        return now if self.channel else None


_BY_OIDC = scoped(
    select(Application.id, Application.backchannel_logout_uri)
    .join(
        ApplicationGrant,
        (ApplicationGrant.tenant_id == Application.tenant_id) & (ApplicationGrant.application_id == Application.id),
    )
    .where(ApplicationGrant.session_id == bindparam("session_id"), ApplicationGrant.redeemed_at.is_not(None))
    .distinct()
    .order_by(Application.id)
    .limit(500)
)


def reached_by_oidc(db: TenantSession, session_id: str, *, has_browser: bool) -> list[Reached]:
    """The OpenID Connect clients that redeemed a code in this session."""
    rows = db.all(_BY_OIDC, session_id=session_id)
    return [Reached(row.id, BACK_CHANNEL if row.backchannel_logout_uri else None) for row in rows]


def reached_by_saml(db: TenantSession, session_id: str, *, has_browser: bool) -> list[Reached]:
    """The service providers that were given an assertion in this session. The browser goes first: it has their cookies."""
    rows = db.all(REACHED_BY_SAML, session_id=session_id)
    return [_by_saml(row.id, (row.saml or {}).get("slo") or {}, has_browser=has_browser) for row in rows]


def _by_saml(application_id: str, places: Mapping[str, str], *, has_browser: bool) -> Reached:
    if has_browser and places.keys() & {"redirect", "post"}:
        return Reached(application_id, SAML, is_by_browser=True, has_other_way="soap" in places)
    return Reached(application_id, SOAP if "soap" in places else None)


class Reaches(Protocol):
    """`has_browser`: the person's browser is there to go along."""

    def __call__(self, db: TenantSession, session_id: str, *, has_browser: bool) -> list[Reached]: ...


REACHES: tuple[Reaches, ...] = (reached_by_oidc, reached_by_saml)

"""Rows of browser sessions and of what applications were granted in them.

A session's cookie holds 256 random bits, its row the SHA-256 of them. A grant is one row for the whole life of an
authorization: its code, then its rotating refresh token, until it is revoked with the session or by reuse.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, column, false, insert, or_, select, true, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.accounts import Account
from tenants.base import Base, TenantScoped
from tenants.connections import Connection
from tenants.identities import Identity
from tenants.organizations import Organization
from tenants.statements import scoped
from tenants.tenants import Tenant


class BrowserSession(TenantScoped, Base):
    """A signed-in browser. `id` is public (`sid` in tokens); the cookie's value is kept as SHA-256 only."""

    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("uq_sessions_cookie_hash", "tenant_id", "cookie_hash", unique=True),
        Index("ix_sessions_account", "tenant_id", "account_id"),
        Index("ix_sessions_expires_at", "expires_at"),
        *(
            Index(
                f"ix_sessions_{name}",
                "tenant_id",
                key,
                sqlite_where=column(key).is_not(None),
                postgresql_where=column(key).is_not(None),
            )
            for name, key in (
                ("identity", "identity_id"),
                ("upstream_sid", "upstream_sid"),
                ("upstream_name", "upstream_name"),
            )
        ),
        *(
            Index(f"ix_sessions_untold_{name}", key, sqlite_where=is_due, postgresql_where=is_due)
            for name, key, is_due in (
                ("ended", "ended_at", column("told_at").is_(None) & column("ended_at").is_not(None)),
                ("over", "expires_at", column("told_at").is_(None)),
            )
        ),
    )

    cookie_hash: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[str] = mapped_column(String(80))
    method: Mapped[str] = mapped_column(String(63))
    """The way in: a connection's key, `local`, or `door`."""
    proofs: Mapped[list[Any]] = mapped_column(default=list)
    auth_time: Mapped[datetime]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    is_left: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Its person signed out, and no more: grants with `offline_access` go on (OpenID Connect Back-Channel Logout, 2.7)."""
    told_at: Mapped[datetime | None]
    """When its end was passed on to the applications that it had reached (tenants/logouts.py)."""
    address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(300))
    identity_id: Mapped[str | None] = mapped_column(String(80))
    """By which identity somebody came; None: not from an identity provider."""
    upstream_sid: Mapped[str | None] = mapped_column(String(255))
    """What the provider calls its own session: `sid`, or SAML's SessionIndex."""
    upstream_name: Mapped[str | None] = mapped_column(String(64))
    """How a logout of a SAML provider names the person, as SHA-256."""
    upstream_sealed: Mapped[str | None]
    """What a sign-out there needs (`id_token_hint`, NameID)."""


class ApplicationGrant(TenantScoped, Base):
    """What one application was granted in one session (RFC 6749): code, then refresh token, in one row."""

    __tablename__ = "application_grants"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "application_id"], ["applications.tenant_id", "applications.id"], ondelete="CASCADE"
        ),
        Index("uq_application_grants_code_hash", "tenant_id", "code_hash", unique=True),
        Index("uq_application_grants_refresh_handle", "tenant_id", "refresh_handle", unique=True),
        Index("ix_application_grants_session", "tenant_id", "session_id"),
        Index("ix_application_grants_expires_at", "expires_at"),
    )

    session_id: Mapped[str] = mapped_column(String(80))
    account_id: Mapped[str] = mapped_column(String(80))
    application_id: Mapped[str] = mapped_column(String(80))
    auth_time: Mapped[datetime]
    """As it was when the code was issued: refreshed ID tokens repeat it (OpenID Connect Core, 12.2)."""
    scope: Mapped[str] = mapped_column(String(1000))
    redirect_uri: Mapped[str] = mapped_column(String(1000))
    nonce: Mapped[str | None] = mapped_column(String(1000))
    claims: Mapped[dict[str, Any] | None]
    """Which claims were asked for by name (Core, 5.5): `userinfo` and `id_token`, each a list."""
    acr: Mapped[str | None] = mapped_column(String(200))
    """The class of authentication that was asked for and reached."""
    code_challenge: Mapped[str | None] = mapped_column(String(43))
    code_hash: Mapped[str] = mapped_column(String(64))
    code_expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    refresh_handle: Mapped[str | None] = mapped_column(String(43))
    refresh_hash: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of the one refresh token that is good now; any other with this handle is a reuse."""
    refreshed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """Its absolute end: of the session, or 30 days on for `offline_access`."""


_SESSION = BrowserSession.__table__
_ACCOUNT_OF_SESSION = (Account.tenant_id == BrowserSession.tenant_id) & (Account.id == BrowserSession.account_id)
_PERSON = (
    Account.email,
    Account.is_email_verified,
    Account.name,
    Account.given_name,
    Account.family_name,
    Account.state,
    Account.expires_at.label("account_expires_at"),
    Account.is_local_enabled,
    Account.role,
    Account.organization_id,
    Tenant.status.label("tenant_status"),
    Tenant.config_version,
)
SESSION_BY_COOKIE = scoped(
    select(*_SESSION.c, *_PERSON, Account.admin_organization_id, Account.language)
    .join(Account, _ACCOUNT_OF_SESSION)
    .join(Tenant, Tenant.id == BrowserSession.tenant_id)
    .where(BrowserSession.cookie_hash == bindparam("cookie_hash"))
)
"""Session, account's state, tenant's status and configuration version in one read: nothing of it may be stale."""
OPEN_SESSION = scoped(insert(BrowserSession))
RENEW_SESSION = scoped(
    update(BrowserSession).where(
        BrowserSession.id == bindparam("session_id"),
        BrowserSession.account_id == bindparam("account"),
        BrowserSession.ended_at.is_(None),
    )
)
"""The same person signed in again: sets the columns it is run with (a new cookie, new proofs); grants go on."""
SEEN_SESSION = scoped(
    update(BrowserSession).where(BrowserSession.id == bindparam("session_id")).values(last_seen_at=bindparam("now"))
)
END_SESSION = scoped(
    update(BrowserSession)
    .where(BrowserSession.id == bindparam("session_id"), BrowserSession.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)
LEAVE_SESSION = scoped(
    update(BrowserSession)
    .where(BrowserSession.id == bindparam("session_id"), BrowserSession.ended_at.is_(None))
    .values(ended_at=bindparam("now"), is_left=true())
)
GOES_ON = or_(BrowserSession.ended_at.is_(None), BrowserSession.is_left)
"""A session, or what goes on after its person left it: a changed password or an account that is switched off ends both."""
END_SESSIONS_OF_ACCOUNT = scoped(
    update(BrowserSession)
    .where(BrowserSession.account_id == bindparam("account"), GOES_ON)
    .values(ended_at=bindparam("now"), is_left=false())
)
END_SESSIONS_OF_METHOD = scoped(
    update(BrowserSession)
    .where(BrowserSession.method == bindparam("way"), GOES_ON)
    .values(ended_at=bindparam("now"), is_left=false())
)
END_METHOD_OF_ACCOUNT = scoped(
    update(BrowserSession)
    .where(
        BrowserSession.account_id == bindparam("account"),
        BrowserSession.method == bindparam("way"),
        GOES_ON,
    )
    .values(ended_at=bindparam("now"), is_left=false())
)

_GRANT = ApplicationGrant.__table__
ADD_GRANT = scoped(insert(ApplicationGrant))
REDEEM_CODE = scoped(
    update(ApplicationGrant)
    .where(ApplicationGrant.code_hash == bindparam("code_digest"), ApplicationGrant.redeemed_at.is_(None))
    .values(
        redeemed_at=bindparam("now"),
        refresh_handle=bindparam("new_handle"),
        refresh_hash=bindparam("new_hash"),
    )
    .returning(*_GRANT.c)
)
"""Takes a code, whoever shows it and whatever else is wrong: the checks come after."""
GRANT_BY_CODE = scoped(
    select(_GRANT.c.id, _GRANT.c.application_id, _GRANT.c.account_id).where(_GRANT.c.code_hash == bindparam("code_digest"))
)
ROTATE_REFRESH = scoped(
    update(ApplicationGrant)
    .where(
        ApplicationGrant.refresh_handle == bindparam("handle"),
        ApplicationGrant.refresh_hash == bindparam("old_hash"),
        ApplicationGrant.application_id == bindparam("application"),
        ApplicationGrant.revoked_at.is_(None),
        ApplicationGrant.expires_at > bindparam("now"),
    )
    .values(refresh_hash=bindparam("new_hash"), refreshed_at=bindparam("now"))
    .returning(*_GRANT.c)
)
GRANT_BY_HANDLE = scoped(select(*_GRANT.c).where(_GRANT.c.refresh_handle == bindparam("handle")))
REVOKE_GRANT = scoped(
    update(ApplicationGrant)
    .where(ApplicationGrant.id == bindparam("grant_id"), ApplicationGrant.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
SESSIONS_OF_ACCOUNT = scoped(select(_SESSION.c.id).where(_SESSION.c.account_id == bindparam("account")).limit(1000))
REVOKE_GRANTS_OF_APPLICATION = scoped(
    update(ApplicationGrant)
    .where(
        ApplicationGrant.session_id.in_(bindparam("sessions", expanding=True)),
        ApplicationGrant.application_id == bindparam("application"),
        ApplicationGrant.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("now"))
)
_SESSION_OF_GRANT = (BrowserSession.tenant_id == ApplicationGrant.tenant_id) & (
    BrowserSession.id == ApplicationGrant.session_id
)
PERSON_OF_GRANT = scoped(
    select(
        _GRANT.c.id.label("grant_id"),
        _GRANT.c.session_id,
        _GRANT.c.application_id,
        _GRANT.c.auth_time,
        _GRANT.c.scope,
        _GRANT.c.claims,
        _GRANT.c.acr,
        _GRANT.c.revoked_at,
        _GRANT.c.expires_at.label("grant_expires_at"),
        BrowserSession.account_id,
        BrowserSession.method,
        BrowserSession.proofs,
        BrowserSession.ended_at,
        BrowserSession.is_left,
        BrowserSession.expires_at.label("session_expires_at"),
        BrowserSession.identity_id,
        Identity.id.label("known_identity_id"),
        Connection.is_enabled.label("connection_is_enabled"),
        Organization.key.label("organization_key"),
        Organization.name.label("organization_name"),
        *_PERSON,
    )
    .join(BrowserSession, _SESSION_OF_GRANT)
    .join(Account, _ACCOUNT_OF_SESSION)
    .join(
        Organization,
        (Organization.tenant_id == Account.tenant_id) & (Organization.id == Account.organization_id),
    )
    .join(Tenant, Tenant.id == ApplicationGrant.tenant_id)
    .outerjoin(Identity, (Identity.tenant_id == BrowserSession.tenant_id) & (Identity.id == BrowserSession.identity_id))
    .outerjoin(Connection, (Connection.tenant_id == BrowserSession.tenant_id) & (Connection.key == BrowserSession.method))
    .where(ApplicationGrant.id == bindparam("grant_id"))
)
"""Everything that claims are made of, with what can end them: grant, session, account, organization, tenant; identity and
connection where the session began at an identity provider."""

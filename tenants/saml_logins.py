"""Rows of our SAML identity provider: requests of service providers, each answered once, and what they were told.

A request that needs the person first waits in its row, verified, until somebody has signed in; the address that the
browser comes back to holds a secret, the row its SHA-256. One that is answered stays as long as it could be sent again.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.applications import Application
from tenants.base import Base, TenantScoped
from tenants.statements import scoped

REQUEST_LIFE = timedelta(hours=1)
"""Longer than a sign-in may take, and than its IssueInstant lets a request be sent again."""


class SamlRequest(TenantScoped, Base):
    """A verified AuthnRequest. `id` is the SHA-256 of application and request id: each is taken once (SD-06)."""

    __tablename__ = "saml_requests"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "application_id"], ["applications.tenant_id", "applications.id"], ondelete="CASCADE"
        ),
        Index("ix_saml_requests_handle", "tenant_id", "handle_hash"),
        Index("ix_saml_requests_expires_at", "expires_at"),
    )

    application_id: Mapped[str] = mapped_column(String(80))
    handle_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the address that the browser comes back to; None: it was answered at once."""
    asked: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What was asked, read and checked (broker/downstream/saml/asked.py)."""
    received_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class SamlLogin(TenantScoped, Base):
    """One assertion that was given: who was named how, to whom, in which session. `id` is its SessionIndex."""

    __tablename__ = "saml_logins"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "application_id"], ["applications.tenant_id", "applications.id"], ondelete="CASCADE"
        ),
        Index("ix_saml_logins_session", "tenant_id", "session_id"),
        Index("ix_saml_logins_name", "tenant_id", "application_id", "name_hash"),
        Index("ix_saml_logins_expires_at", "expires_at"),
    )

    session_id: Mapped[str] = mapped_column(String(80))
    application_id: Mapped[str] = mapped_column(String(80))
    account_id: Mapped[str] = mapped_column(String(80))
    name_id: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The NameID, to the letter: `value`, and its attributes."""
    name_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the same: how a LogoutRequest names the person."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


_REQUEST: Any = SamlRequest.__table__
_LOGIN: Any = SamlLogin.__table__
KEEP_REQUEST = scoped(insert(SamlRequest))
"""Its failure is an answer: this request was there before."""
REQUEST_BY_HANDLE = scoped(
    select(*_REQUEST.c).where(
        SamlRequest.handle_hash == bindparam("handle"),
        SamlRequest.answered_at.is_(None),
        SamlRequest.expires_at > bindparam("now"),
    )
)
ANSWER_REQUEST = scoped(
    update(SamlRequest)
    .where(SamlRequest.id == bindparam("request_id"), SamlRequest.answered_at.is_(None))
    .values(answered_at=bindparam("now"))
)
"""The row count says whether this is the one answer."""
CHANGE_REQUEST = scoped(update(SamlRequest).where(SamlRequest.id == bindparam("request_id"), SamlRequest.answered_at.is_(None)))
"""Sets the columns that it is run with."""
ADD_LOGIN = scoped(insert(SamlLogin))
_IS_LIVE = (SamlLogin.ended_at.is_(None),)
LOGINS_OF_NAME = scoped(
    select(_LOGIN.c.id, _LOGIN.c.session_id, _LOGIN.c.account_id)
    .where(
        SamlLogin.application_id == bindparam("application"),
        SamlLogin.name_hash == bindparam("name"),
        SamlLogin.expires_at > bindparam("now"),
        *_IS_LIVE,
    )
    .order_by(SamlLogin.created_at.desc(), SamlLogin.id)
    .limit(200)
)
LOGINS_AT = scoped(
    select(_LOGIN.c.id, _LOGIN.c.name_id, _LOGIN.c.name_hash)
    .where(SamlLogin.session_id == bindparam("session"), SamlLogin.application_id == bindparam("application"), *_IS_LIVE)
    .order_by(SamlLogin.created_at.desc(), SamlLogin.id)
    .limit(100)
)
"""What one application was told in one session, the latest first."""
ALL_LOGINS_AT = scoped(
    select(_LOGIN.c.id, _LOGIN.c.name_id, _LOGIN.c.name_hash)
    .where(SamlLogin.session_id == bindparam("session"), SamlLogin.application_id == bindparam("application"))
    .order_by(SamlLogin.created_at.desc(), SamlLogin.id)
    .limit(100)
)
"""The same with what a browser has begun to end."""
END_LOGINS = scoped(
    update(SamlLogin)
    .where(SamlLogin.session_id == bindparam("session"), SamlLogin.application_id == bindparam("application"), *_IS_LIVE)
    .values(ended_at=bindparam("now"))
)
REACHED_BY_SAML = scoped(
    select(Application.id, Application.saml)
    .join(SamlLogin, (SamlLogin.tenant_id == Application.tenant_id) & (SamlLogin.application_id == Application.id))
    .where(SamlLogin.session_id == bindparam("session_id"), *_IS_LIVE)
    .order_by(Application.id)
    .limit(500)
)
"""An application stands there once for each assertion that it was given."""

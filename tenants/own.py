"""What a person sees and changes of their own account: each statement is bound to that account as well as to the tenant."""

from typing import Any

from sqlalchemy import and_, bindparam, delete, false, or_, select, update

from tenants.accounts import Account
from tenants.applications import Application
from tenants.audit import AuditEvent
from tenants.connections import Connection
from tenants.credentials import Credential, CredentialKind
from tenants.devices import Device
from tenants.identities import Identity
from tenants.organizations import Organization
from tenants.sessions import GOES_ON, ApplicationGrant, BrowserSession
from tenants.statements import scoped

EVENTS_SHOWN = 20
_SESSIONS_SHOWN = 50
_FACTORS_SHOWN = 100
"""More than anybody has: so that nothing here is without a bound."""

OWN_ACCOUNT = scoped(
    select(
        Account.id,
        Account.email,
        Account.email_key,
        Account.is_email_verified,
        Account.name,
        Account.given_name,
        Account.family_name,
        Account.role,
        Account.organization_id,
        Account.is_local_enabled,
        Account.factors_reset_at,
    ).where(Account.id == bindparam("account"))
)
PREVIEWED = scoped(
    select(
        Account.email,
        Account.is_email_verified,
        Account.name,
        Account.given_name,
        Account.family_name,
        Account.role,
        Organization.key.label("organization_key"),
        Organization.name.label("organization_name"),
    )
    .join(Organization, (Organization.tenant_id == Account.tenant_id) & (Organization.id == Account.organization_id))
    .where(Account.id == bindparam("account"))
)
"""What claims are made from, of an account without a sign-in."""
OWN_IDENTITIES = scoped(
    select(
        Identity.email,
        Identity.created_at,
        Identity.last_login_at,
        Identity.login_count,
        Connection.key.label("connection_key"),
        Connection.label.label("connection_label"),
        Connection.is_enabled,
    )
    .join(Connection, (Connection.tenant_id == Identity.tenant_id) & (Connection.id == Identity.connection_id))
    .where(Identity.account_id == bindparam("account"))
    .order_by(Connection.label, Identity.id)
    .limit(_FACTORS_SHOWN)
)
OWN_CREDENTIALS = scoped(
    select(Credential.id, Credential.kind, Credential.created_at, Credential.last_used_at, Credential.last_address)
    .where(Credential.account_id == bindparam("account"))
    .order_by(Credential.created_at, Credential.id)
    .limit(_FACTORS_SHOWN)
)
"""Never with a secret: nothing of it is shown again (SF-11)."""

_IS_OPEN = (
    BrowserSession.account_id == bindparam("account"),
    BrowserSession.ended_at.is_(None),
    BrowserSession.expires_at > bindparam("now"),
    BrowserSession.last_seen_at > bindparam("idle_since"),
)
OWN_SESSIONS = scoped(
    select(
        BrowserSession.id,
        BrowserSession.method,
        BrowserSession.created_at,
        BrowserSession.last_seen_at,
        BrowserSession.address,
        BrowserSession.user_agent,
    )
    .where(*_IS_OPEN)
    .order_by(BrowserSession.last_seen_at.desc(), BrowserSession.id)
    .limit(_SESSIONS_SHOWN)
)
APPLICATIONS_OF_SESSIONS = scoped(
    select(ApplicationGrant.session_id, Application.name)
    .join(
        BrowserSession,
        (BrowserSession.tenant_id == ApplicationGrant.tenant_id) & (BrowserSession.id == ApplicationGrant.session_id),
    )
    .join(
        Application,
        (Application.tenant_id == ApplicationGrant.tenant_id) & (Application.id == ApplicationGrant.application_id),
    )
    .where(*_IS_OPEN)
    .distinct()
    .order_by(Application.name)
    .limit(4 * _SESSIONS_SHOWN)
)
"""Which applications were opened in each of them."""
END_OWN_SESSION = scoped(
    update(BrowserSession)
    .where(
        BrowserSession.id == bindparam("session_id"),
        BrowserSession.account_id == bindparam("account"),
        BrowserSession.ended_at.is_(None),
    )
    .values(ended_at=bindparam("now"))
)
END_OTHER_SESSIONS = scoped(
    update(BrowserSession)
    .where(
        BrowserSession.account_id == bindparam("account"),
        BrowserSession.id != bindparam("this_one"),
        GOES_ON,
    )
    .values(ended_at=bindparam("now"), is_left=false())
)
END_TRUST = scoped(
    update(Device)
    .where(Device.account_id == bindparam("account"), Device.trusted_until.is_not(None))
    .values(trusted_until=None)
)
"""What was trusted with the old factors is not with the new ones."""
FORGET_OTHER_DEVICES = scoped(
    delete(Device).where(
        Device.account_id == bindparam("account"), Device.token_hash.not_in(bindparam("tokens", expanding=True))
    )
)
"""All but the browser that shows one of these: whoever came in before has no tries of his own any more (LC-03)."""

_EVENT = AuditEvent.__table__
_OWN_EVENTS: Any = select(
    AuditEvent.id,
    AuditEvent.at,
    AuditEvent.event,
    AuditEvent.cause,
    AuditEvent.connection_id,
    AuditEvent.application_id,
    AuditEvent.address,
    AuditEvent.user_agent,
    AuditEvent.detail,
).where(AuditEvent.account_id == bindparam("account"))
_NEWEST_FIRST = (AuditEvent.at.desc(), AuditEvent.id.desc())
OWN_EVENTS = scoped(_OWN_EVENTS.order_by(*_NEWEST_FIRST).limit(EVENTS_SHOWN + 1))
"""One more than a page shows: whether there is an older one."""
OLDER_EVENTS = scoped(
    _OWN_EVENTS.where(
        or_(
            _EVENT.c.at < bindparam("before"),
            and_(_EVENT.c.at == bindparam("before"), _EVENT.c.id < bindparam("before_id")),
        )
    )
    .order_by(*_NEWEST_FIRST)
    .limit(EVENTS_SHOWN + 1)
)
OWN_EVENT = scoped(
    select(AuditEvent.id, AuditEvent.at).where(
        AuditEvent.id == bindparam("event_id"), AuditEvent.account_id == bindparam("account")
    )
)

OWN_PASSWORD = scoped(
    select(Credential.id, Credential.secret_hash)
    .where(Credential.account_id == bindparam("account"), Credential.kind == CredentialKind.PASSWORD.value)
    .limit(1)
)
CHANGE_PASSWORD = scoped(
    update(Credential)
    .where(Credential.id == bindparam("credential_id"), Credential.secret_hash == bindparam("old_hash"))
    .values(secret_hash=bindparam("new_hash"), created_at=bindparam("now"), compromised_at=None)
)
"""Only in the place of the password that was typed: of two changes at once, one wins."""

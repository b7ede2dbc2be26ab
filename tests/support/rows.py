"""One factory for every table: `FACTORIES`, and the ones that hardly any test needs by name.

A table that it lacks fails tests/isolation/test_every_class.py.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tenants.accounts import Account, Grant
from tenants.applications import Application
from tenants.audit import AuditEvent
from tenants.backdoors import Backdoor, DoorCredential
from tenants.base import Base
from tenants.connections import Connection
from tenants.credentials import Credential
from tenants.domains import Domain
from tenants.identities import Identity
from tenants.ids import digest, new_id, new_reference, new_secret
from tenants.keys import SigningKey
from tenants.organizations import Contact, Organization
from tenants.sessions import ApplicationGrant, BrowserSession
from tenants.tenants import DomainProof, PlatformEvent, Tenant, TenantHost, TenantSettings
from tenants.throttles import Throttle
from tenants.transactions import Invitation, LoginTransaction
from tests import factories
from tests.factories import Home, account, application, session


def organization(home: Home) -> Organization:
    key = new_id("part")[:20].replace("_", "-")
    return home.add(Organization(id=new_id("org"), key=key, name=home.canary, parent_id=home.root))


def settings(home: Home) -> TenantSettings:
    """The tenant's one row is there already."""
    with home.db.reading() as db:
        return db.get_one(TenantSettings, (home.id, "settings"))


def application_grant(home: Home) -> ApplicationGrant:
    opened = session(home)
    end = home.now + timedelta(hours=1)
    columns = {"auth_time": home.now, "created_at": home.now, "expires_at": end, "code_expires_at": end}
    return home.add(
        ApplicationGrant(
            id=new_id("grt"),
            session_id=opened.row.id,
            account_id=opened.row.account_id,
            application_id=application(home).id,
            scope="openid",
            redirect_uri=f"https://app.{home.domain}/callback",
            nonce=home.canary,
            code_hash=digest(new_secret()),
            **columns,
        )
    )


def login_transaction(home: Home, **values: Any) -> LoginTransaction:
    columns = {
        "browser_hash": digest(new_secret()),
        "reference": new_reference(),
        "purpose": "sign_in",
        "return_to": f"/{home.canary}",
        "email": f"{home.canary}@{home.domain}",
        "created_at": home.now,
        "expires_at": home.now + timedelta(minutes=20),
    }
    return home.add(LoginTransaction(**({"id": digest(new_secret())} | columns | values)))


def throttle(home: Home) -> Throttle:
    return home.add(Throttle(id=new_id("t"), tries=1, last_try_at=home.now, window_ends_at=home.now + timedelta(hours=1)))


def audit_event(home: Home) -> AuditEvent:
    return home.add(AuditEvent(id=new_id("aud"), at=home.now, event="login.refused", detail={"detail": home.canary}))


def backdoor(home: Home) -> Backdoor:
    return home.add(Backdoor(id=new_id("door"), secret_hash=digest(new_secret()), opened_at=home.now))


def door_credential(home: Home) -> DoorCredential:
    return home.add(DoorCredential(id=new_id("dcr"), account_id=account(home).id, created_at=home.now))


def domain_proof(home: Home) -> DomainProof:
    return _platform_row(
        home, DomainProof(domain=f"{new_id('d')[2:10]}.{home.domain}", tenant_id=home.id, method="file", proven_at=home.now)
    )


def tenant_host(home: Home) -> TenantHost:
    return _platform_row(home, TenantHost(host=f"{new_id('h')[2:10]}.{home.domain}", tenant_id=home.id))


def _platform_row(home: Home, row: Any) -> Any:
    with home.broker.db.platform("a test adds a row of the platform", home.now) as db:
        db.add(row)
    return row


def platform_event(home: Home) -> PlatformEvent:
    return _platform_row(home, PlatformEvent(id=new_id("evt"), at=home.now, reason=home.canary))


def _account(home: Home) -> Account:
    made = account(home)
    with home.db.reading() as db:
        return db.get_one(Account, (home.id, made.id))


def _tenant(home: Home) -> Tenant:
    with home.broker.db.platform("a test looks at its tenant", home.now) as db:
        return db.get_one(Tenant, home.id)


FACTORIES: dict[type[Base], Callable[[Home], Any]] = {
    Account: _account,
    Application: application,
    ApplicationGrant: application_grant,
    AuditEvent: audit_event,
    Backdoor: backdoor,
    BrowserSession: lambda home: session(home).row,
    Connection: factories.connection,
    Contact: factories.contact,
    Credential: factories.credential,
    Domain: factories.domain,
    DomainProof: domain_proof,
    DoorCredential: door_credential,
    Grant: factories.grant,
    Identity: factories.identity,
    Invitation: factories.invitation,
    LoginTransaction: login_transaction,
    Organization: organization,
    PlatformEvent: platform_event,
    SigningKey: lambda home: home.add(factories.signing_key(home)),
    Tenant: _tenant,
    TenantHost: tenant_host,
    TenantSettings: settings,
    Throttle: throttle,
}
"""Every one gives a stored row of the tenant."""

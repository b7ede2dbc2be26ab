"""One factory for every table: `FACTORIES`, and the ones that hardly any test needs by name.

A table that it lacks fails tests/isolation/test_every_class.py.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pyotp
from sqlalchemy import select

from broker.hashing import Hasher
from tenants.accounts import Account, Grant
from tenants.applications import Application
from tenants.audit import AuditChain, AuditEvent
from tenants.backdoors import DOOR_ID, Backdoor, DoorCredential
from tenants.base import Base
from tenants.chains import CHAIN_ID
from tenants.claims import JobClaim
from tenants.connections import Connection
from tenants.credentials import Credential
from tenants.devices import Device
from tenants.domains import Domain
from tenants.identities import Identity
from tenants.ids import digest, new_id, new_reference, new_secret
from tenants.keys import SigningKey
from tenants.mailed_codes import MailedCode
from tenants.operators import Operator, OperatorSession
from tenants.organizations import Contact, Organization
from tenants.outbox import OutboxMail, PlatformMail, add_mail, add_platform_mail
from tenants.passkeys import Passkey
from tenants.sealing import Log, seal_batch
from tenants.sessions import ApplicationGrant, BrowserSession
from tenants.tenant_life import QuarantinedName
from tenants.tenants import DomainProof, PlatformChain, PlatformEvent, Tenant, TenantHost, TenantSettings
from tenants.throttles import PlatformThrottle, Throttle
from tenants.transactions import Invitation, LoginTransaction, UsedAssertion
from tenants.vault import Place
from tests import factories
from tests.factories import Home, Someone, account, application, session
from tests.support.application_rows import APPLICATION_FACTORIES
from tests.support.federation_rows import FEDERATION_FACTORIES
from tests.support.people_rows import PEOPLE_FACTORIES
from tests.support.saml_rows import SAML_FACTORIES

DOOR_PASSWORD = "seven quiet lanterns at the door"


def stored(home: Home, model: type, **values: Any) -> list[Any]:
    """Rows of the tenant with these values."""
    with home.db.reading() as db:
        return list(db.scalars(select(model).filter_by(**values)))


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


def used_assertion(home: Home) -> UsedAssertion:
    end = home.now + timedelta(minutes=10)
    return home.add(UsedAssertion(id=digest(new_secret()), connection_id=factories.connection(home).id, expires_at=end))


def audit_event(home: Home) -> AuditEvent:
    return home.add(AuditEvent(id=new_id("aud"), at=home.now, event="login.refused", detail={"detail": home.canary}))


def audit_chain(home: Home) -> AuditChain:
    """The tenant's one chain."""
    with home.db.reading() as db:
        known = db.get(AuditChain, (home.id, CHAIN_ID))
    if known is not None:
        return known
    audit_event(home)
    seal_batch(Log(home.broker.db, home.broker.vault, home.id))
    return audit_chain(home)


def platform_chain(home: Home) -> PlatformChain:
    """The one of the installation."""
    seal_batch(Log(home.broker.db, home.broker.vault))
    with home.broker.db.own_tables() as db:
        return db.get_one(PlatformChain, CHAIN_ID)


def backdoor(home: Home, secret: str | None = None, **values: Any) -> Backdoor:
    """The tenant's one door, with this secret or with one that nobody knows."""
    with home.db.reading() as db:
        known = db.get(Backdoor, (home.id, DOOR_ID))
    columns = {"secret_hash": digest(secret or new_secret())} | values
    if known is None:
        return home.add(Backdoor(**({"id": DOOR_ID, "opened_at": home.now} | columns)))
    home.change(Backdoor, DOOR_ID, **columns)
    return known


def door_credential(home: Home, account_id: str | None = None, **values: Any) -> DoorCredential:
    owner = account_id or account(home).id
    return home.add(DoorCredential(**({"id": new_id("dcr"), "account_id": owner, "created_at": home.now} | values)))


def door_holder(home: Home, email: str | None = None, **values: Any) -> Someone:
    """An admin who has set up the back door: `password` and `code` are the door's. `values` are columns of the account."""
    columns = {"role": "admin", "with_password": False, "with_totp": False} | values
    who, made, seed = account(home, email, **columns), new_id("dcr"), pyotp.random_base32()
    place = Place(home.id, "door_credentials", "totp_sealed", made)
    door_credential(
        home,
        who.id,
        id=made,
        password_hash=_door_hash(home.broker.hasher),
        totp_sealed=home.broker.vault.seal(seed, place),
        set_up_at=home.now,
    )
    return Someone(who.id, who.email, DOOR_PASSWORD, seed)


@cache
def _door_hash(hasher: Hasher) -> str:
    return hasher.hash(DOOR_PASSWORD)


def mailed_code(home: Home, **values: Any) -> MailedCode:
    columns = {
        "purpose": "reset",
        "code_hash": digest(new_secret()),
        "created_at": home.now,
        "expires_at": home.now + timedelta(minutes=5),
    }
    return home.add(MailedCode(**({"id": login_transaction(home).id, "account_id": account(home).id} | columns | values)))


def passkey(home: Home, account_id: str | None = None, **values: Any) -> Passkey:
    columns = {
        "account_id": account_id or account(home).id,
        "credential_id": new_secret(),
        "public_key": "",
        "label": home.canary,
        "created_at": home.now,
    }
    return home.add(Passkey(**({"id": new_id("pky")} | columns | values)))


def device(home: Home, account_id: str | None = None, **values: Any) -> Device:
    columns = {
        "account_id": account_id or account(home).id,
        "token_hash": digest(new_secret()),
        "user_agent": home.canary,
        "created_at": home.now,
        "last_seen_at": home.now,
        "expires_at": home.now + timedelta(days=90),
    }
    return home.add(Device(**({"id": new_id("dev")} | columns | values)))


def domain_proof(home: Home) -> DomainProof:
    return _platform_row(
        home, DomainProof(domain=f"{new_id('d')[2:10]}.{home.domain}", tenant_id=home.id, method="file", proven_at=home.now)
    )


def tenant_host(home: Home) -> TenantHost:
    return _platform_row(home, TenantHost(host=f"{new_id('h')[2:10]}.{home.domain}", tenant_id=home.id))


def outbox_mail(home: Home, to_address: str | None = None) -> OutboxMail:
    """A mail that is due."""
    with home.db.writing() as db:
        made = add_mail(db, home.broker.vault, to_address or f"ada@{home.domain}", "test", {"note": home.canary}, home.now)
    with home.db.reading() as db:
        return db.get_one(OutboxMail, (home.id, made))


def platform_mail(home: Home, to_address: str = "somebody@partner.example") -> PlatformMail:
    """A mail that is due, as the finder writes them."""
    with home.broker.db.platform("a test adds a mail", home.now) as db:
        made = add_platform_mail(db, to_address, "finder", home.now)
    with home.broker.db.platform("a test looks at a mail", home.now) as db:
        return db.get_one(PlatformMail, made)


def platform_throttle(home: Home) -> PlatformThrottle:
    return _platform_row(home, PlatformThrottle(id=new_id("t"), tries=1, window_ends_at=home.now + timedelta(hours=1)))


def _platform_row(home: Home, row: Any) -> Any:
    with home.broker.db.platform("a test adds a row of the platform", home.now) as db:
        db.add(row)
    return row


def operator(home: Home, **values: Any) -> Operator:
    made = new_id("opr")
    address = f"{made[4:14]}@operators.example"
    columns = {"email": address, "email_key": address, "name": "Olga Operator", "created_at": home.now}
    return _platform_row(home, Operator(id=made, **(columns | values)))


def operator_session(home: Home, operator_id: str | None = None, secret: str | None = None, **values: Any) -> OperatorSession:
    owner = operator_id or operator(home, set_up_at=home.now).id
    times = dict.fromkeys(("created_at", "proven_at", "last_seen_at"), home.now) | {"expires_at": home.now + timedelta(hours=8)}
    return _platform_row(home, OperatorSession(id=digest(secret or new_secret()), operator_id=owner, **(times | values)))


def quarantined_name(home: Home) -> QuarantinedName:
    return _platform_row(home, QuarantinedName(name=f"/t/{new_id('q')[2:12]}", until=home.now + timedelta(days=90)))


def job_claim(home: Home) -> JobClaim:
    return _platform_row(home, JobClaim(id=new_id("job")[:40], due_at=home.now + timedelta(hours=1)))


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
    **APPLICATION_FACTORIES,
    **FEDERATION_FACTORIES,
    **PEOPLE_FACTORIES,
    **SAML_FACTORIES,
    Account: _account,
    Application: application,
    ApplicationGrant: application_grant,
    AuditChain: audit_chain,
    AuditEvent: audit_event,
    Backdoor: backdoor,
    BrowserSession: lambda home: session(home).row,
    Connection: factories.connection,
    Contact: factories.contact,
    Credential: factories.credential,
    Device: device,
    Domain: factories.domain,
    DomainProof: domain_proof,
    DoorCredential: door_credential,
    Grant: factories.grant,
    Identity: factories.identity,
    Invitation: factories.invitation,
    JobClaim: job_claim,
    LoginTransaction: login_transaction,
    MailedCode: mailed_code,
    Organization: organization,
    Operator: operator,
    OperatorSession: operator_session,
    OutboxMail: outbox_mail,
    Passkey: passkey,
    PlatformChain: platform_chain,
    PlatformEvent: platform_event,
    PlatformMail: platform_mail,
    PlatformThrottle: platform_throttle,
    QuarantinedName: quarantined_name,
    SigningKey: lambda home: home.add(factories.signing_key(home)),
    Tenant: _tenant,
    TenantHost: tenant_host,
    TenantSettings: settings,
    Throttle: throttle,
    UsedAssertion: used_assertion,
}
"""Every one gives a stored row of the tenant."""

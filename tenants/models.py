"""Every mapped class, so that the metadata is whole wherever this module was imported."""

from tenants.accounts import Account, Grant
from tenants.applications import Application
from tenants.audit import AuditEvent
from tenants.backdoors import Backdoor, DoorCredential
from tenants.base import Base
from tenants.claims import JobClaim
from tenants.connections import Connection
from tenants.credentials import Credential
from tenants.devices import Device
from tenants.domains import Domain
from tenants.identities import Identity
from tenants.keys import SigningKey
from tenants.mailed_codes import MailedCode
from tenants.organizations import Contact, Organization
from tenants.outbox import OutboxMail, PlatformMail
from tenants.passkeys import Passkey
from tenants.sessions import ApplicationGrant, BrowserSession
from tenants.tenants import DomainProof, PlatformEvent, Tenant, TenantHost, TenantSettings
from tenants.throttles import PlatformThrottle, Throttle
from tenants.transactions import Invitation, LoginTransaction, UsedAssertion

METADATA = Base.metadata

TENANT_CLASSES = (
    Account,
    Application,
    ApplicationGrant,
    AuditEvent,
    Backdoor,
    BrowserSession,
    Connection,
    Contact,
    Credential,
    Device,
    Domain,
    DoorCredential,
    Grant,
    Identity,
    Invitation,
    LoginTransaction,
    MailedCode,
    Organization,
    OutboxMail,
    Passkey,
    SigningKey,
    TenantSettings,
    Throttle,
    UsedAssertion,
)
PLATFORM_CLASSES = (DomainProof, JobClaim, PlatformEvent, PlatformMail, PlatformThrottle, Tenant, TenantHost)

"""Every mapped class, so that the metadata is whole wherever this module was imported."""

from tenants.accounts import Account, Grant
from tenants.application_consents import ApplicationConsent
from tenants.applications import Application
from tenants.audit import AuditChain, AuditEvent
from tenants.backdoors import Backdoor, DoorCredential
from tenants.base import Base
from tenants.claims import JobClaim
from tenants.connection_health import ConnectionHealth, SentNotice
from tenants.connection_tests import ConnectionTest
from tenants.connection_versions import ConnectionVersion
from tenants.connections import Connection
from tenants.consents import Consent
from tenants.credentials import Credential
from tenants.devices import Device
from tenants.domain_challenges import DomainChallenge
from tenants.domains import Domain
from tenants.identities import Identity
from tenants.jobs import PeopleJob, PeopleJobRow
from tenants.keys import SigningKey
from tenants.logouts import LogoutDelivery
from tenants.mailed_codes import MailedCode
from tenants.moves import Move, MoveSubject
from tenants.operators import Operator, OperatorSession
from tenants.organizations import Contact, Organization
from tenants.outbox import OutboxMail, PlatformMail
from tenants.passkeys import Passkey
from tenants.pending_links import PendingLink
from tenants.pushed_requests import PushedRequest
from tenants.saml_logins import SamlLogin, SamlRequest
from tenants.saml_metadata import FetchedMetadata, MetadataReading
from tenants.sessions import ApplicationGrant, BrowserSession
from tenants.setup_links import SetupLink
from tenants.sp_metadata import SpMetadata
from tenants.support_access import SupportGrant, SupportVisit
from tenants.tenant_life import QuarantinedName
from tenants.tenants import DomainProof, PlatformChain, PlatformEvent, Tenant, TenantHost, TenantSettings
from tenants.throttles import PlatformThrottle, Throttle
from tenants.traces import Trace
from tenants.transactions import Invitation, LoginTransaction, UsedAssertion
from tenants.used_tokens import UsedToken

METADATA = Base.metadata

TENANT_CLASSES = (
    Account,
    Application,
    ApplicationConsent,
    ApplicationGrant,
    AuditChain,
    AuditEvent,
    Backdoor,
    BrowserSession,
    Connection,
    ConnectionHealth,
    ConnectionTest,
    ConnectionVersion,
    Consent,
    Contact,
    Credential,
    Device,
    Domain,
    DomainChallenge,
    DoorCredential,
    FetchedMetadata,
    Grant,
    Identity,
    Invitation,
    LoginTransaction,
    LogoutDelivery,
    MailedCode,
    MetadataReading,
    Move,
    MoveSubject,
    Organization,
    OutboxMail,
    Passkey,
    PendingLink,
    PeopleJob,
    PeopleJobRow,
    PushedRequest,
    SamlLogin,
    SamlRequest,
    SentNotice,
    SetupLink,
    SigningKey,
    SpMetadata,
    SupportGrant,
    SupportVisit,
    TenantSettings,
    Throttle,
    Trace,
    UsedAssertion,
    UsedToken,
)
PLATFORM_CLASSES = (
    DomainProof,
    JobClaim,
    Operator,
    OperatorSession,
    PlatformChain,
    PlatformEvent,
    PlatformMail,
    PlatformThrottle,
    QuarantinedName,
    Tenant,
    TenantHost,
)

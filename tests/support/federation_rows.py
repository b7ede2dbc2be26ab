"""Factories of what surrounds a connection: versions, tests, health, traces, links that wait, metadata, moves, consent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tenants.base import Base
from tenants.connection_health import ConnectionHealth, SentNotice
from tenants.connection_tests import ConnectionTest
from tenants.connection_versions import ConnectionVersion
from tenants.consents import Consent
from tenants.domain_challenges import DomainChallenge
from tenants.ids import digest, new_id, new_reference, new_secret
from tenants.moves import Move, MoveSubject
from tenants.pending_links import PendingLink
from tenants.saml_metadata import FetchedMetadata, MetadataReading
from tenants.setup_links import SetupLink
from tenants.support_access import SupportGrant, SupportVisit
from tenants.traces import Trace
from tests.factories import Home, account, connection

HOUR = timedelta(hours=1)


def connection_version(home: Home, **values: Any) -> ConnectionVersion:
    columns = {"connection_id": "", "number": 2, "state": "draft", "note": home.canary, "created_at": home.now} | values
    way = columns.pop("connection_id") or connection(home).id
    return home.add(ConnectionVersion(id=new_id("ver"), connection_id=way, **columns))


def connection_test(home: Home, **values: Any) -> ConnectionTest:
    columns = {"number": 1, "token_hash": digest(new_secret()), "made_by": home.canary, "created_at": home.now}
    columns |= {"connection_id": connection(home).id, "expires_at": home.now + HOUR}
    return home.add(ConnectionTest(id=new_id("tst"), **(columns | values)))


def connection_health(home: Home, **values: Any) -> ConnectionHealth:
    columns = {"id": connection(home).id, "last_success_at": home.now, "last_failure_detail": home.canary}
    return home.add(ConnectionHealth(**(columns | values)))


def sent_notice(home: Home, **values: Any) -> SentNotice:
    columns = {"subject": new_id(home.canary), "sent_at": home.now}
    return home.add(SentNotice(id=new_id("ntc"), **(columns | values)))


def trace(home: Home, **values: Any) -> Trace:
    columns = {"reference": new_reference(), "at": home.now, "cause": "account_unknown", "detail": home.canary}
    columns |= {"received": {"name": home.canary}, "expires_at": home.now + HOUR}
    return home.add(Trace(id=new_id("trc"), **(columns | values)))


def pending_link(home: Home, **values: Any) -> PendingLink:
    columns = {"transaction_hash": digest(new_secret()), "browser_hash": digest(new_secret()), "connection_version": 1}
    columns |= {"connection_id": connection(home).id, "account_id": account(home).id, "issuer": "https://idp.example"}
    columns |= {"subject": new_id(home.canary), "created_at": home.now, "expires_at": home.now + HOUR}
    return home.add(PendingLink(id=new_id("lnk"), **(columns | values)))


def fetched_metadata(home: Home, **values: Any) -> FetchedMetadata:
    columns = {"id": connection(home, kind="saml").id, "url": f"https://{home.canary}.example/metadata"}
    return home.add(FetchedMetadata(**(columns | {"checked_at": home.now, "due_at": home.now} | values)))


def metadata_reading(home: Home, **values: Any) -> MetadataReading:
    columns = {"connection_id": connection(home, kind="saml").id, "kid": home.canary, "read_at": home.now}
    return home.add(MetadataReading(id=new_id("rdg"), **(columns | values)))


def domain_challenge(home: Home, **values: Any) -> DomainChallenge:
    columns = {"name": f"{new_id('d')[2:10]}.{home.domain}", "token": new_secret(), "created_at": home.now}
    return home.add(DomainChallenge(id=new_id("dch"), **(columns | values)))


def move(home: Home, **values: Any) -> Move:
    columns = {"from_id": connection(home).id, "to_id": connection(home).id, "created_at": home.now}
    return home.add(Move(id=new_id("mov"), **(columns | values)))


def move_subject(home: Home, **values: Any) -> MoveSubject:
    columns = {"move_id": move(home).id, "account_id": account(home).id, "issuer": "https://idp.example"}
    return home.add(MoveSubject(id=new_id("msb"), **(columns | {"subject": new_id(home.canary)} | values)))


def consent(home: Home, **values: Any) -> Consent:
    columns = {"connection_id": connection(home, kind="entra").id, "token_hash": digest(new_secret())}
    columns |= {"asked_by": home.canary, "created_at": home.now, "expires_at": home.now + HOUR}
    return home.add(Consent(id=new_id("cns"), **(columns | values)))


def setup_link(home: Home, token: str | None = None, **values: Any) -> SetupLink:
    columns = {"product": "oidc", "token_hash": digest(token or new_secret()), "made_by": home.canary}
    columns |= {"created_at": home.now, "expires_at": home.now + timedelta(days=7)} | values
    columns["connection_id"] = columns.get("connection_id") or connection(home).id
    return home.add(SetupLink(id=new_id("sul"), **columns))


def support_grant(home: Home, **values: Any) -> SupportGrant:
    columns = {"granted_by": account(home, role="owner").id, "note": home.canary, "created_at": home.now}
    return home.add(SupportGrant(id=new_id("spg"), **(columns | {"expires_at": home.now + HOUR} | values)))


def support_visit(home: Home, **values: Any) -> SupportVisit:
    columns = {"operator_id": "opr_x", "session_id": digest(new_secret()), "operator_name": home.canary}
    columns |= {"reason": home.canary, "created_at": home.now}
    columns |= {"ticket_hash": digest(new_secret()), "ticket_expires_at": home.now + HOUR} | values
    columns["grant_id"] = columns.get("grant_id") or support_grant(home).id
    return home.add(SupportVisit(id=new_id("spv"), **columns))


FEDERATION_FACTORIES: dict[type[Base], Callable[[Home], Any]] = {
    ConnectionHealth: connection_health,
    ConnectionTest: connection_test,
    ConnectionVersion: connection_version,
    Consent: consent,
    DomainChallenge: domain_challenge,
    FetchedMetadata: fetched_metadata,
    MetadataReading: metadata_reading,
    Move: move,
    MoveSubject: move_subject,
    PendingLink: pending_link,
    SentNotice: sent_notice,
    SetupLink: setup_link,
    SupportGrant: support_grant,
    SupportVisit: support_visit,
    Trace: trace,
}

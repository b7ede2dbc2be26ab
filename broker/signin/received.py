"""What a provider says of somebody: names, profile and groups follow it at every sign-in (requirements.md, U6).

Written at once, before the person is admitted: what was taken from them there must not count here for one request more,
whether or not they get in. Where nothing has changed nothing is written.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.mail.letters import post
from broker.signin.transaction import Transaction
from broker.tenancy import client_address
from broker.upstream.kind import Assertion
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import LOCK_ACCOUNT
from tenants.addresses import Address
from tenants.arrivals import EmailProof, downstream_email_verified
from tenants.causes import Cause, Refusal
from tenants.connections import CONNECTION_HELD
from tenants.db import TenantSession
from tenants.grants import replace_grants
from tenants.group_rules import Given, clean_groups, given_by, read_rules
from tenants.identities import IDENTITY_IS_THERE, KEEP_PROFILE, REFRESH_PROFILE
from tenants.linking import end_what_was
from tenants.own import OWN_PASSWORD
from tenants.search_keys import name_key, surname_key
from tenants.snapshot import ConnectionConfig
from tenants.ways import LOCAL


def names_of(assertion: Assertion) -> dict[str, str]:
    """The names as they are kept."""
    given, family = assertion.given_name or "", assertion.family_name or ""
    return {
        "name": audit.printable(assertion.display_name or f"{given} {family}".strip())[:200],
        "given_name": audit.printable(given)[:100],
        "family_name": audit.printable(family)[:100],
    }


def profile_of(connection: ConnectionConfig, assertion: Assertion, before: Mapping[str, Any]) -> dict[str, Any]:
    """What an identity keeps. What the provider says nothing of stays; unknown groups are not none.

    A role needs a group that is there: who could make theirs unknown would keep it for good.
    """
    profile = dict(before)
    for name, value in (("position", assertion.position), ("phone", assertion.phone)):
        if value:
            profile[name] = audit.printable(value)[:200]
    if assertion.groups is not None:
        groups = clean_groups(assertion.groups)
        profile["groups"] = list(groups)
        profile["given"] = given_by(read_rules(connection.group_rules), groups).as_json()
    elif Given.from_json(before.get("given")).role:
        profile["given"] = replace(Given.from_json(before.get("given")), role=None).as_json()
    return profile


def refresh(
    transaction: Transaction,
    connection: ConnectionConfig,
    known: Row[Any],
    assertion: Assertion,
    address: Address | None,
    proof: EmailProof,
) -> bool:
    """Let a known account follow what was said. Returns whether anything was written.

    The address does not follow: it is what the person is known by here (OU-10).
    """
    if not known.connection_is_enabled or known.connection_version != transaction.row.connection_version:
        return False  # this sign-in ends here
    names = {key: value or getattr(known, key) for key, value in names_of(assertion).items()}
    is_same = address is not None and address.key == known.email_key
    is_proven = is_same and downstream_email_verified(proof, has_answered_mail=False)
    profile = profile_of(connection, assertion, known.profile)
    is_first_proof = is_proven and not known.is_email_verified
    are_names_new = any(getattr(known, key) != value for key, value in names.items())
    if not (is_first_proof or are_names_new or profile != known.profile):
        return False
    with g.db.writing() as db:
        if not _is_as_begun(db, transaction, connection) or db.one(LOCK_ACCOUNT, account=known.id) is None:
            return True  # it ends here, too: whoever looks again sees why
        if db.one(IDENTITY_IS_THERE, identity=known.identity_id) is None:
            # Whoever owns the address has proven it meanwhile: this one wipes nothing of theirs (LC-09).
            raise Refusal(Cause.FLOW_EXPIRED, "the identity was removed meanwhile", connection_id=connection.id)
        if are_names_new:
            keys = {"name_key": name_key(names["name"]), "surname_key": surname_key(names["name"])}
            db.run(REFRESH_PROFILE, account=known.id, **{f"new_{key}": value for key, value in (names | keys).items()})
        if is_first_proof:
            _end_what_was(db, known, connection)
        if profile != known.profile:
            _follow_groups(db, known, connection, profile)
            db.run(KEEP_PROFILE, identity=known.identity_id, new_profile=profile)
    return True


def _end_what_was(db: TenantSession, known: Row[Any], connection: ConnectionConfig) -> None:
    """With the first proof of the address. Its owner is told what went, and of a password that somebody else may know."""
    # Who was linked by the account's password has shown whose that is: it is no stranger's.
    is_own = known.linked_by == LOCAL
    now = the_broker().ports.clock.now()
    count = end_what_was(db, known.id, now, spared={known.identity_id}, keeps_local=is_own)
    is_kept = db.one(OWN_PASSWORD, account=known.id) is not None
    if count or (is_kept and not is_own):
        note_change(db, known.email, connection, "first_proof_kept" if is_kept else "first_proof")


def _is_as_begun(db: TenantSession, transaction: Transaction, connection: ConnectionConfig) -> bool:
    """What its rules took from everybody a moment ago must not be given once more by the rules before."""
    state = db.one(CONNECTION_HELD, connection_id=connection.id)
    return state is not None and bool(state.is_enabled) and state.version == transaction.row.connection_version


def note_change(db: TenantSession, email: str, connection: ConnectionConfig, what: str) -> None:
    """Tell the account's owner, in the caller's transaction (OU-21: nothing of this is silent)."""
    now = the_broker().ports.clock.now()
    facts = {"provider": connection.label, "at": now.isoformat(), "address": client_address(), "by": "you"}
    post(db, email, "credential_changed", now, what=what, **facts)


def _follow_groups(db: TenantSession, known: Row[Any], connection: ConnectionConfig, profile: dict[str, Any]) -> None:
    """Notes what the person has then: the next sign-in compares with that."""
    given = Given.from_json(profile.get("given"))
    if given != Given.from_json(known.profile.get("given")):
        profile["given"] = replace_grants(db, known.id, connection.id, given, the_broker().ports.clock.now()).as_json()

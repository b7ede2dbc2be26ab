"""Who arrives from a connection, and what may be believed about their e-mail address. Pure, like `policies.py`.

An account is found by (connection, issuer, subject) and never by e-mail: an address names a person only as far as
somebody vouches for it, and the people who configure other directories vouch for anything (nOAuth).
"""

from dataclasses import dataclass
from enum import StrEnum

from tenants.addresses import Address, AddressError, normalise_domain
from tenants.causes import Cause
from tenants.connections import Linking, Provisioning
from tenants.reasons import Reason
from tenants.routing_domains import DomainRule, find_rule, is_domain_allowed


class EmailProof(StrEnum):
    """How far an upstream address may be believed (T4)."""

    DOMAIN_OWNER = "domain_owner"
    ASSERTED = "asserted"
    NONE = "none"
    """There is no address, or the provider itself says that it hasn't verified it."""


@dataclass(frozen=True, slots=True)
class EmailClaims:
    """What an upstream said about an address, as it said it: the claims may be of any JSON type."""

    address: Address | None
    connection: str
    kind: str
    email_verified: object = None
    xms_edov: object = None
    """Entra: the directory has verified the address's domain; public code meets `true`, `1` and `"1"`."""
    hd: object = None
    """Google: the Workspace that the account belongs to."""
    is_directory_pinned: bool = False
    """Entra: the connection accepts this `tid` by name."""
    hosted_domains: frozenset[str] = frozenset()
    """Google: the Workspaces that the connection names; their secondary domains count as theirs."""


class ArrivalAct(StrEnum):
    """What happens to somebody who arrives."""

    SIGN_IN = "sign_in"
    CREATE = "create"
    LINK = "link"
    """The subject belongs to the account of its address from now on: who vouches for the address has proven enough."""
    ASK = "ask"
    """An account has the address: its owner may prove it, and then both ways work."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Holder:
    """The account that has the address, by whatever way it signs in."""

    id: str
    is_linked: bool = False
    """It has another subject at this very connection."""
    is_verified: bool = False
    """Its owner has proven the address."""
    was_activated: bool = True
    is_invited: bool = False
    is_bare: bool = False
    """No credential, no subject at any connection: nobody could ever enter with it."""
    is_admin: bool = False
    """Owner or admin."""
    is_local_enabled: bool = False
    shut: Cause | None = None
    """Why nobody enters with it now: it is disabled, has run out, and the like."""


@dataclass(frozen=True, slots=True)
class ArrivalFacts:
    """What was found for an assertion."""

    identity_account: str | None
    """The account whose identity is this (connection, issuer, subject)."""
    address: Address | None
    proof: EmailProof
    holder: Holder | None = None
    provisioning: Provisioning = Provisioning.EXISTING
    linking: Linking = Linking.NEVER
    rules: tuple[DomainRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """What to do. `account` is set for SIGN_IN and LINK only: an address that is merely asserted never leads to one."""

    act: ArrivalAct
    account: str | None
    cause: Cause | None
    is_conflict: bool
    """Two subjects of one connection claim one address: for the audit log (`identity.conflict`, OU-13)."""
    reasons: tuple[Reason, ...]


def decide_arrival(facts: ArrivalFacts) -> Arrival:
    """Sign in, create, link, ask or refuse (U6; OU-10, OU-11, OU-13, OU-21)."""
    if facts.identity_account is not None:
        reason = Reason("identity_known", "This subject of the connection belongs to an account.")
        return Arrival(ArrivalAct.SIGN_IN, facts.identity_account, None, False, (reason,))
    # Who can't show the address at all must not learn whether it has an account.
    if facts.holder is not None and facts.proof is not EmailProof.NONE:
        return _about_holder(facts, facts.holder)
    if facts.provisioning is not Provisioning.JUST_IN_TIME:
        return _refuse(Cause.ACCOUNT_UNKNOWN, "create_off", "The connection lets only existing accounts in.")
    if facts.address is None:
        return _refuse(Cause.ACCOUNT_UNKNOWN, "create_no_address", "The identity provider sent no e-mail address.")
    is_allowed, listed = is_domain_allowed(facts.address, facts.rules)
    if not is_allowed:
        return Arrival(ArrivalAct.REFUSE, None, Cause.DOMAIN_NOT_ALLOWED, False, (listed,))
    # A listed domain lets its people in, not everybody whose directory wrote such an address into a profile.
    if facts.proof is not EmailProof.DOMAIN_OWNER:
        why = "Nobody who owns the domain vouches for the address: prove the domain and bind it to the connection."
        return _refuse(Cause.EMAIL_UNVERIFIED, "create_unproven", why, listed)
    created = Reason("create", "The account is created just in time.")
    return Arrival(ArrivalAct.CREATE, None, None, False, (listed, created))


def email_proof(claims: EmailClaims, rules: tuple[DomainRule, ...]) -> EmailProof:
    """T4: `domain_owner` where the domain is this tenant's and bound to the connection, or the provider proves it.

    A provider that says *not verified*, or says it in a way that no provider does, is believed before any rule (OU-11).
    """
    if claims.address is None or _is_denied(claims):
        return EmailProof.NONE
    rule = find_rule(claims.address.domain, rules)
    is_bound = rule is not None and rule.is_trusted and rule.connection == claims.connection
    if is_bound and (claims.kind != "entra" or claims.is_directory_pinned):
        return EmailProof.DOMAIN_OWNER
    return EmailProof.DOMAIN_OWNER if _is_proven_by_provider(claims) else EmailProof.ASSERTED


def downstream_email_verified(proof: EmailProof, has_answered_mail: bool) -> bool:
    """What applications are told as `email_verified`: a domain's owner vouches, or a mailed code came back (T4)."""
    return proof is EmailProof.DOMAIN_OWNER or has_answered_mail


def _about_holder(facts: ArrivalFacts, holder: Holder) -> Arrival:
    """Another account has the address: is it this person's, may they show that it is, or neither?"""
    taken = Reason("address_taken", "Another account has this address; accounts are never joined by address.")
    if holder.is_linked:
        other = Reason("identity_conflict", "That account has another subject at this connection already.")
        return Arrival(ArrivalAct.REFUSE, None, Cause.LINK_REQUIRED, True, (taken, other))
    proven = _proven_by_owner(facts, holder)
    if proven is not None:
        return _link(facts, holder, proven)
    if facts.linking is Linking.NEVER:
        return Arrival(ArrivalAct.REFUSE, None, Cause.LINK_REQUIRED, False, (taken,))
    asked = Reason("link_asked", "Its owner may prove it, once; then both ways work.")
    return Arrival(ArrivalAct.ASK, None, Cause.LINK_REQUIRED, False, (taken, asked))


def _proven_by_owner(facts: ArrivalFacts, holder: Holder) -> Reason | None:
    """Why nothing more needs to be asked, where the domain's owner vouches for the address (OU-21); else None.

    Whoever runs the directory can write any address of the domain into it: that is not enough to take over somebody
    who configures the tenant, unless the account is an invitation that waits for this very address.
    """
    if facts.proof is not EmailProof.DOMAIN_OWNER:
        return None
    is_waiting = holder.is_invited or (holder.is_bare and not holder.is_admin)
    if facts.provisioning is Provisioning.INVITED and is_waiting:
        return Reason("link_invited", "The account waits for the owner of this address.")
    is_theirs = holder.is_verified or not holder.was_activated
    if facts.linking is Linking.PROVEN and is_theirs and not holder.is_admin:
        return Reason("link_proven", "The domain's owner vouches for the address, and the account is known by it.")
    return None


def _link(facts: ArrivalFacts, holder: Holder, proven: Reason) -> Arrival:
    if holder.shut is not None:
        return _refuse(holder.shut, "link_shut", "Nobody enters with that account now.", proven)
    if not holder.is_local_enabled:
        is_allowed, listed = is_domain_allowed(facts.address, facts.rules)
        if not is_allowed:
            return Arrival(ArrivalAct.REFUSE, None, Cause.DOMAIN_NOT_ALLOWED, False, (proven, listed))
    return Arrival(ArrivalAct.LINK, holder.id, None, False, (proven,))


def _refuse(cause: Cause, code: str, sentence: str, *before: Reason) -> Arrival:
    return Arrival(ArrivalAct.REFUSE, None, cause, False, (*before, Reason(code, sentence)))


def _is_denied(claims: EmailClaims) -> bool:
    if claims.kind == "entra":
        return claims.xms_edov is not None and not _is_edov(claims.xms_edov)
    return claims.email_verified is not None and claims.email_verified is not True


def _is_edov(value: object) -> bool:
    return value is True or value == "1" or (isinstance(value, int) and value == 1)


def _is_proven_by_provider(claims: EmailClaims) -> bool:
    if claims.kind == "entra":
        return _is_edov(claims.xms_edov)
    return claims.kind == "google" and claims.email_verified is True and _is_hosted(claims)


def _is_hosted(claims: EmailClaims) -> bool:
    """Without `hd` it is a personal account, even with a company's address."""
    if not isinstance(claims.hd, str) or claims.address is None:
        return False
    try:
        hosted = normalise_domain(claims.hd)
    except AddressError:
        return False
    return hosted == claims.address.domain or hosted in claims.hosted_domains

"""What was asked of an identity provider, held against its answer; and what a sign-in has shown, as policy sees it."""

from collections.abc import Collection
from datetime import timedelta

from flask import g

from broker.session import Proof
from broker.signin.transaction import Transaction
from broker.upstream.kind import Assertion
from broker.wiring import the_broker
from tenants.assurance import Context, context_of
from tenants.causes import Cause, UpstreamFailure
from tenants.policies import SignInFacts
from tenants.snapshot import ConnectionConfig

_FACTOR_OF_PROOF = {
    "pwd": "password",
    "otp": "totp",
    "hwk": "passkey",
    "rec": "recovery_code",
    "mail": "email_code",
    "dev": "trusted_device",
}


def require_assurance(transaction: Transaction, connection: ConnectionConfig, assertion: Assertion, skew: timedelta) -> None:
    """Raise UpstreamFailure where the provider ignored what was asked (conformance.md A, fact 7)."""
    _require_fresh(transaction, assertion, skew)
    counted = connection.factor_values
    if context_of(connection.acr_values, assertion.acr, assertion.amr, counted) is Context.MISSED:
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "acr", description=f"came with {assertion.acr!r}")


def proof_of(transaction: Transaction, connection: ConnectionConfig, assertion: Assertion) -> Proof:
    """What the provider has shown, as an entry of the attempt's proofs. A time to come would be fresh for too long."""
    now = the_broker().ports.clock.now()
    return Proof(
        method="fed",
        at=min(assertion.auth_time or now, now),
        connection=connection.key,
        acr=assertion.acr,
        amr=assertion.amr,
        is_dated=assertion.auth_time is not None,
        was_asked=transaction.demands_fresh_proof(),
    )


def _require_fresh(transaction: Transaction, assertion: Assertion, skew: timedelta) -> None:
    hints = transaction.hints
    if assertion.auth_time is None or not transaction.demands_fresh_proof():
        return
    # Who asks for a sign-in now means now; an age alone reaches back from there.
    age = 0 if "login" in hints.prompt else hints.max_age or 0
    if assertion.auth_time < transaction.row.created_at - timedelta(seconds=age) - skew:
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "auth_time is older than what was asked for")


def sign_in_facts(
    way: str, proofs: Collection[Proof], *, is_way_enabled: bool = True, wants_factor: bool = False
) -> SignInFacts:
    """What these proofs show. `wants_factor`: a page asks for one here, whatever the provider said."""
    connection: ConnectionConfig | None = g.tenant.connections.get(way)
    counted = frozenset(connection.factor_values) if connection else frozenset()
    # Of the way itself: what another one vouches for, on the way to a link, is counted by its own rules (SF-12).
    own = [proof for proof in proofs if proof.connection in (None, way)]
    amr = tuple(word for proof in own for word in proof.amr)
    acr = next((proof.acr for proof in own if proof.acr), None)
    demanded = connection.acr_values if connection else None
    return SignInFacts(
        way=way,
        is_way_enabled=is_way_enabled,
        factors=frozenset(_FACTOR_OF_PROOF.get(proof.method, proof.method) for proof in proofs),
        upstream_amr=amr,
        upstream_acr=acr,
        factor_values=counted,
        is_factor_owed=wants_factor or context_of(demanded, acr, amr, counted) is Context.FACTOR_OWED,
    )

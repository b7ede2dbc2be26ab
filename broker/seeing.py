"""What is remembered of a sign-in by a provider, so that somebody can see later why it went as it did.

A refusal leaves a trace of what arrived, and the connection's health, in the transaction of its audit row. What arrived is
redacted before anything is kept: the values that this very sign-in went by, tokens, and what is called like a secret.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import g
from pydantic import SecretStr

from broker.flow import current_flow
from broker.upstream.kind import Assertion, FlowContext, Options, ReturnData, secret_fields
from broker.wiring import the_broker
from tenants import connection_health
from tenants.causes import BrokerError, Cause
from tenants.connection_health import OF_THE_CONNECTION
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.reasons import Reason
from tenants.traces import ADD_TRACE, redacted, without_secrets

_NO_SECRETS = frozenset({"admin_consent", "error", "error_description", "error_uri", "error_subcode", "iss", "scope", "tenant"})
"""What a return may say that opens nothing."""
_OF_THE_PROVIDER = {
    "upstream_error": "error",
    "upstream_code": "error_code",
    "description": "error_description",
    "status": "status",
    "trace_id": "trace_id",
    "correlation_id": "correlation_id",
}
"""Facts of a failure that a provider has sent, by the names that a trace has for them."""


@dataclass(slots=True)
class Return:
    """A return from a provider that this request is about."""

    connection: str
    secrets: tuple[str, ...]
    assertion: Assertion | None = None


def watch_return(options: Options, context: FlowContext, data: ReturnData) -> None:
    """From here on, what ends this request leaves a trace."""
    brought = (value for name, value in data.args.items() if name not in _NO_SECRETS)
    known = (context.state, context.nonce, context.verifier, *context.kept.values(), *brought, *_secrets_of(options))
    g.watched_return = Return(context.connection, tuple(known))


def saw(assertion: Assertion) -> Assertion:
    """Note what the provider has said, which was believed."""
    watched: Return | None = g.get("watched_return")
    if watched is not None:
        watched.assertion = assertion
    return assertion


def harmless(text: str) -> str:
    """One printable line, without what this very sign-in goes by: a provider may send back what it was sent (OP-02)."""
    return without_secrets(text, _secrets_here())


def harmless_claims(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What was received, the same way."""
    return redacted(raw, _secrets_here())


def harmless_all(value: Any) -> Any:
    """As `harmless`, for every text of a JSON value; its names are ours."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Mapping):
        return {name: harmless_all(one) for name, one in value.items()}
    return [harmless_all(one) for one in value] if isinstance(value, list | tuple) else value


def note_sign_in(session: TenantSession, connection_id: str | None, now: datetime) -> None:
    """The connection works: written once a minute by each process, within the sign-in's own transaction."""
    if connection_id is not None and the_broker().healthy.is_due(connection_id):
        connection_health.note_success(session, connection_id, now)


def note_refusal(session: TenantSession, error: BrokerError, reference: str) -> None:
    """What a refusal says of its connection, and what was received; within the transaction of its audit row."""
    flow = current_flow()
    watched: Return | None = g.get("watched_return")
    named = error.facts.get("connection_id") or (flow.connection_id if flow else None)
    connection = watched.connection if watched else str(named or "")
    if not connection:
        return
    detail = harmless(error.detail)
    now = the_broker().ports.clock.now()
    if error.cause in OF_THE_CONNECTION and not error.facts.get("is_untried"):
        the_broker().healthy.forget(connection)
        note = connection_health.note_unproven if error.facts.get("is_hearsay") else connection_health.note_failure
        note(session, connection, error.cause, detail, reference, now)
    if watched is not None and error.cause is not Cause.UPSTREAM_UNREACHABLE:
        _keep_trace(session, error, reference, watched, detail, now)


def _keep_trace(
    session: TenantSession, error: BrokerError, reference: str, watched: Return, detail: str, now: datetime
) -> None:
    days = g.tenant.policy.trace_days
    if not days:
        return
    flow = current_flow()
    account = error.facts.get("account_id")
    session.run(
        ADD_TRACE,
        id=new_id("trc"),
        reference=reference,
        at=now,
        connection_id=watched.connection,
        connection_version=_version_of(watched.connection),
        application_id=flow.application_id if flow else None,
        account_id=str(account) if account else None,
        cause=error.cause.value,
        detail=detail,
        received=redacted(_received(error, watched), watched.secrets),
        steps=_steps(error.facts.get("steps", ()), watched.secrets),
        expires_at=now + timedelta(days=days),
        share_hash=None,
        share_expires_at=None,
    )


def _received(error: BrokerError, watched: Return) -> dict[str, Any]:
    if watched.assertion is not None:
        return dict(watched.assertion.raw)
    return {name: error.facts[fact] for fact, name in _OF_THE_PROVIDER.items() if error.facts.get(fact)}


def _steps(reasons: object, secrets: Iterable[str]) -> list[dict[str, str]]:
    found: Sequence[Any] = reasons if isinstance(reasons, tuple | list) else ()
    return [{"code": one.code, "sentence": without_secrets(one.sentence, secrets)} for one in found if isinstance(one, Reason)]


def _secrets_here() -> tuple[str, ...]:
    watched: Return | None = g.get("watched_return")
    return watched.secrets if watched else ()


def _version_of(connection_id: str) -> int | None:
    return next((one.version for one in g.tenant.connections.values() if one.id == connection_id), None)


def _secrets_of(options: Options) -> Iterable[str]:
    for name in secret_fields(type(options)):
        value = getattr(options, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, str):
            yield value

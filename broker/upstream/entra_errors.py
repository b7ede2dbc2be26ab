"""Microsoft Entra's error numbers, as data: what each may tell about a refusal.

Microsoft keeps `error` stable and the numbers not, so a number only explains: it chooses among the causes that `error`
allows, and an unknown one changes nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.upstream.oauth_errors import ASKED_TOO_QUIETLY, MAX_WORD, clean, read_error
from tenants.causes import Cause, UpstreamFailure

_NUMBER = re.compile(r"AADSTS([0-9]{4,8})")
_TRACE = re.compile(r"Trace ID: ([0-9a-fA-F-]{8,40})")
_CORRELATION = re.compile(r"Correlation ID: ([0-9a-fA-F-]{8,40})")


@dataclass(frozen=True, slots=True)
class Reading:
    """`topic` names the row for the admin, who finds the remedy under it."""

    topic: str
    cause: Cause
    numbers: frozenset[int]
    begins_anew: bool = False
    """Nothing was refused: asked once more, Microsoft shows its page."""


READINGS = (
    Reading("consent_missing", Cause.CONSENT_MISSING, frozenset({65001, 90008, 650056, 90094, 90095, 90099})),
    # Right after a consent, until it has reached all of Microsoft's machines.
    Reading("consent_spreading", Cause.CONSENT_MISSING, frozenset({650051})),
    Reading("consent_declined", Cause.UPSTREAM_DENIED, frozenset({65004})),
    Reading("app_unknown", Cause.CONNECTION_MISCONFIGURED, frozenset({650052, 500011, 700016, 700011})),
    Reading(
        "account_type",
        Cause.UPSTREAM_TENANT_MISMATCH,
        frozenset({50194, 90130, 90124, 9001023, 9002332, 500208}),
    ),
    Reading(
        "wrong_account",
        Cause.UPSTREAM_TENANT_MISMATCH,
        frozenset({50020, 50034, 51004, 50014, 16000, 16003, 90072}),
    ),
    Reading(
        "tenant_restriction",
        Cause.UPSTREAM_POLICY_BLOCKED,
        frozenset({500021, 500022, 500212, 500213, 1000104}),
    ),
    Reading("not_assigned", Cause.UPSTREAM_NOT_ASSIGNED, frozenset({50105})),
    Reading("account", Cause.UPSTREAM_ACCOUNT_BLOCKED, frozenset({50057, 50053, 50055, 50126, 50056, 50144})),
    Reading(
        "second_factor",
        Cause.UPSTREAM_POLICY_BLOCKED,
        frozenset({50072, 50074, 50076, 50078, 50079, 53004, 53010}),
    ),
    Reading(
        "policy",
        Cause.UPSTREAM_POLICY_BLOCKED,
        frozenset({53000, 53001, 53002, 53003, 530032, 530035, 50005, 50097, 50131, 53011}),
    ),
    Reading("session_ended", Cause.FLOW_EXPIRED, frozenset({50058, 50132, 50133, 50173, 50089}), begins_anew=True),
    Reading(
        "our_request",
        Cause.CONNECTION_MISCONFIGURED,
        frozenset({50011, 900971, 70004, 50147, 501481, 70011, 700054, 70007}),
    ),
    Reading(
        "client_secret",
        Cause.CONNECTION_MISCONFIGURED,
        frozenset({7000215, 7000222, 70002, 7000218, 700027, 50012, 700030}),
    ),
    Reading("directory_unknown", Cause.CONNECTION_MISCONFIGURED, frozenset({90002, 50059, 50128, 90019, 90038})),
    Reading("code_used", Cause.FLOW_EXPIRED, frozenset({54005, 70000, 70008, 700005})),
    Reading(
        "federated",
        Cause.UPSTREAM_DENIED,
        frozenset({50008, 5000819, 50107, 20001, 20012, *range(40008, 40016)}),
    ),
    Reading(
        "saml_request",
        Cause.CONNECTION_MISCONFIGURED,
        frozenset({75005, 750054, 75001, 75003, 75008, 75016, 76021, 76026, 65005, 7500529}),
    ),
    Reading("saml_authentication", Cause.CONNECTION_MISCONFIGURED, frozenset({75011})),
    Reading("unavailable", Cause.UPSTREAM_UNREACHABLE, frozenset({90033, 90006, 90012, 90024, 90090, 50000})),
)

READING_OF_NUMBER = {number: reading for reading in READINGS for number in reading.numbers}

_OURS = frozenset({Cause.CONNECTION_MISCONFIGURED, Cause.CONSENT_MISSING, Cause.UPSTREAM_TENANT_MISMATCH})

CAUSES_ALLOWED: Mapping[str, frozenset[Cause]] = {
    "server_error": frozenset({Cause.UPSTREAM_UNREACHABLE}),
    "temporarily_unavailable": frozenset({Cause.UPSTREAM_UNREACHABLE}),
    "invalid_client": _OURS,
    "unauthorized_client": _OURS,
    "unsupported_response_type": _OURS,
    "unsupported_grant_type": _OURS,
    "login_required": frozenset({Cause.INTERACTION_NEEDED}),
}
"""For the other words a number may choose any cause of the table."""


def read_entra_error(answer: Mapping[str, Any]) -> UpstreamFailure | None:
    """As `read_error`, and more exact where Entra's number is known. Trace and correlation id go into the facts."""
    failure = read_error(answer)
    if failure is None:
        return None
    description = answer.get("error_description")
    description = description if isinstance(description, str) else ""
    number = _found(_NUMBER, description)
    facts = {
        **failure.facts,
        "upstream_code": f"AADSTS{number}" if number else "",
        "trace_id": clean(answer.get("trace_id"), MAX_WORD) or _found(_TRACE, description),
        "correlation_id": clean(answer.get("correlation_id"), MAX_WORD) or _found(_CORRELATION, description),
    }
    reading = READING_OF_NUMBER.get(int(number)) if number else None
    if reading is None or reading.cause not in CAUSES_ALLOWED.get(failure.detail, (reading.cause,)):
        return UpstreamFailure(failure.cause, failure.detail, **facts)
    # What the word alone would have meant is not what the number says.
    facts = {name: value for name, value in facts.items() if name not in ASKED_TOO_QUIETLY}
    return UpstreamFailure(reading.cause, reading.topic, **facts, **({"begins_anew": True} if reading.begins_anew else {}))


def _found(pattern: re.Pattern[str], description: str) -> str:
    found = pattern.search(description)
    return found[1] if found else ""

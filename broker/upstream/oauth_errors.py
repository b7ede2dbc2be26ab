"""Errors of the standards, as causes: what an authorization or token response says with its `error` word."""

from collections.abc import Mapping
from typing import Any

from tenants.causes import Cause, UpstreamFailure

MAX_WORD = 80
MAX_DESCRIPTION = 500

# RFC 6749, 4.1.2.1 and 5.2; OpenID Connect Core, 3.1.2.6. What is not here was refused for a reason that we don't know.
CAUSE_OF_ERROR = {
    "access_denied": Cause.UPSTREAM_DENIED,
    "account_selection_required": Cause.INTERACTION_NEEDED,
    "consent_required": Cause.CONSENT_MISSING,
    "interaction_required": Cause.INTERACTION_NEEDED,
    "invalid_client": Cause.CONNECTION_MISCONFIGURED,
    # The code is used or too old, or is not ours: with a fresh one it may work.
    "invalid_grant": Cause.FLOW_EXPIRED,
    "invalid_request": Cause.CONNECTION_MISCONFIGURED,
    "invalid_scope": Cause.CONNECTION_MISCONFIGURED,
    "login_required": Cause.INTERACTION_NEEDED,
    "server_error": Cause.UPSTREAM_UNREACHABLE,
    "temporarily_unavailable": Cause.UPSTREAM_UNREACHABLE,
    "unauthorized_client": Cause.CONNECTION_MISCONFIGURED,
    "unsupported_grant_type": Cause.CONNECTION_MISCONFIGURED,
    "unsupported_response_type": Cause.CONNECTION_MISCONFIGURED,
}
ASKED_TOO_QUIETLY = {"fact": "provider", "begins_anew": True}
"""Facts of a failure where the provider has to ask the person, and did not: we never forbid it to, so it is asked once more."""


def read_error(answer: Mapping[str, Any]) -> UpstreamFailure | None:
    """The failure that `answer` reports, None when it reports none.

    The provider's words are anybody's words: they go into facts for the admin, as plain shortened text.
    """
    error = answer.get("error")
    if error is None:
        return None
    word = clean(error, MAX_WORD)
    facts = {"upstream_error": word, "description": clean(answer.get("error_description"), MAX_DESCRIPTION)}
    cause = CAUSE_OF_ERROR.get(word, Cause.UPSTREAM_DENIED)
    return UpstreamFailure(cause, word, **facts, **(ASKED_TOO_QUIETLY if cause is Cause.INTERACTION_NEEDED else {}))


def clean(value: object, limit: int) -> str:
    """`value` as one short line without control or invisible characters; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    text = value[:limit]
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return text.strip()

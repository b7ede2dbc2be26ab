"""Claims as the neutral record takes them: text that can be stored and shown, lists of bounded length."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

from broker.upstream.id_token import Claims
from broker.upstream.kind import PersonNames
from broker.upstream.oauth_errors import clean

GUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

EMAIL_EVIDENCE = ("email_verified", "xms_edov", "hd")

READS = {
    "iss": "issuer",
    "sub": "subject",
    "email": "email",
    "email_verified": "email_evidence",
    "name": "display_name",
    "given_name": "given_name",
    "family_name": "family_name",
    "acr": "acr",
    "amr": "amr",
    "auth_time": "auth_time",
}
"""What most providers' claims fill."""

MAX_NAME = 200
MAX_EMAIL = 254
MAX_GROUPS = 2000
MAX_GROUP = 256
MAX_RAW_TEXT = 500
MAX_RAW_LIST = 50

# One-time values, and what a provider packs in for itself: of no use to a reader, of some to a thief.
_NOT_SHOWN = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "login_hint", "aio", "rh", "uti", "_claim_sources"})


@runtime_checkable
class SaysWhatItReads(Protocol):
    """A kind that can say where it takes what from, for the page of a test sign-in."""

    def reads(self, options: Any) -> Mapping[str, str]:
        """Claim or attribute, by its name → the field of `Assertion` that it fills."""
        ...


def text(claims: Claims, name: str, limit: int = MAX_NAME) -> str | None:
    return clean(claims.get(name), limit) or None


def email(claims: Claims) -> str | None:
    """The address as given; one that would have to be cut or cleaned is none."""
    value = claims.get("email")
    if not isinstance(value, str) or len(value) > MAX_EMAIL or clean(value, MAX_EMAIL) != value:
        return None
    return value or None


def email_evidence(claims: Claims) -> Mapping[str, object]:
    """What the provider says about the address; absent is not the same as null or false."""
    return {name: claims[name] for name in EMAIL_EVIDENCE if name in claims}


def is_guid(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(GUID, value) is not None


def words(claims: Claims, name: str) -> tuple[str, ...] | None:
    """A list of texts, or one text; None for what is absent or no such list.

    One that is too long, or too many of them, takes nothing from the others: whoever can add one would else decide
    whether the rest is known.
    """
    value = claims.get(name)
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return None
    cleaned = (clean(word, MAX_GROUP) for word in value if len(word) <= MAX_GROUP)
    return tuple(word for word in cleaned if word)[:MAX_GROUPS]


def moment(claims: Claims, name: str) -> datetime | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)


def names(claims: Claims) -> PersonNames:
    """The three names of an Assertion."""
    return {
        "given_name": text(claims, "given_name"),
        "family_name": text(claims, "family_name"),
        "display_name": text(claims, "name"),
    }


def redacted(claims: Claims) -> Mapping[str, Any]:
    return {clean(name, MAX_NAME): _short(value) for name, value in claims.items() if name not in _NOT_SHOWN}


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, MAX_RAW_TEXT)
    if isinstance(value, list):
        return [_short(one) for one in value[:MAX_RAW_LIST]]
    if isinstance(value, dict):
        return {clean(name, MAX_NAME): _short(one) for name, one in list(value.items())[:MAX_RAW_LIST]}
    return value

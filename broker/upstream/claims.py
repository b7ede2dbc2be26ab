"""Claims as the neutral record takes them: text that can be stored and shown, lists of bounded length."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from broker.upstream.id_token import Claims
from broker.upstream.kind import PersonNames
from broker.upstream.oauth_errors import clean

GUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

EMAIL_EVIDENCE = ("email_verified", "xms_edov", "hd")

MAX_NAME = 200
MAX_EMAIL = 254
MAX_GROUPS = 2000
MAX_GROUP = 256
MAX_RAW_TEXT = 500
MAX_RAW_LIST = 50

# One-time values, and what a provider packs in for itself: of no use to a reader, of some to a thief.
_NOT_SHOWN = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "login_hint", "aio", "rh", "uti", "_claim_sources"})


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
    """A list of texts, or one text; None for what is absent or no such list (or too long to be believed)."""
    value = claims.get(name)
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or len(value) > MAX_GROUPS:
        return None
    if not all(isinstance(word, str) and len(word) <= MAX_GROUP for word in value):
        return None
    return tuple(word for word in (clean(word, MAX_GROUP) for word in value) if word)


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

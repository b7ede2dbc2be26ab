"""The `claims` parameter (OpenID Connect Core 1.0, 5.5): claims that are asked for by name."""

import json
from dataclasses import dataclass
from typing import Any

_LONGEST = 4000
_MOST = 100
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class RequestedClaims:
    """What was asked for. `acr` holds its values, most wanted first; without values there is nothing to be held to."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    acr: tuple[str, ...] = ()
    is_acr_essential: bool = False
    sub: str | None = None
    """Only this person will do (Core, 5.5.1)."""


NOTHING = RequestedClaims()


def read_claims(text: str | None) -> RequestedClaims:
    """Members that we don't know are ignored (Core, 5.5). Raises ValueError for what is no such object."""
    if text is None:
        return NOTHING
    if len(text) > _LONGEST:
        raise ValueError("is too long")
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    if not isinstance(asked, dict):
        raise ValueError("is no JSON object")
    userinfo, id_token = _member(asked, "userinfo"), _member(asked, "id_token")
    acr = id_token.get("acr") or {}
    return RequestedClaims(
        userinfo=tuple(userinfo),
        id_token=tuple(id_token),
        acr=_values(acr),
        is_acr_essential=acr.get("essential") is True,
        sub=next(iter(_values(id_token.get("sub") or {}) or _values(userinfo.get("sub") or {})), None),
    )


def _member(asked: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """What is asked for at one place, by name."""
    member = asked.get(name)
    if member is None:
        return {}
    if not isinstance(member, dict) or len(member) > _MOST or any(len(key) > _LONGEST_NAME for key in member):
        raise ValueError(f"has no object of claims as {name}")
    if any(value is not None and not isinstance(value, dict) for value in member.values()):
        raise ValueError("has a claim that is neither null nor an object")
    return {key: value or {} for key, value in member.items()}


def _values(asked: dict[str, Any]) -> tuple[str, ...]:
    values = asked.get("values")
    several = values if isinstance(values, list) else []
    single = [asked["value"]] if "value" in asked else []
    return tuple(value for value in (*single, *several) if isinstance(value, str))

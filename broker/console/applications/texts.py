"""Values that are no plain texts, as a form has them: one a line.

claims       department = organization in hr, id_token      or   plan = "gold"
acs          https://app.example/acs                         the first is the default
attributes   mail = email                                    or   plan = "gold"
certificates PEM after PEM
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_RULE = re.compile(
    r"(?P<name>\S+)\s*=\s*"
    r"(?:\"(?P<value>[^\"]*)\"|(?P<source>\w+))"
    r"(?:\s+in\s+(?P<scope>[^\s,]+))?"
    r"(?P<token>\s*,\s*id_token)?"
)


class TextError(ValueError):
    """A line that can't be read; the message is a sentence for its field."""


def claims_text(claims: Mapping[str, Mapping[str, Any]]) -> str:
    """Rules of claims, one a line."""
    return "\n".join(_claim_line(name, rule) for name, rule in claims.items())


def read_claims(text: str) -> dict[str, dict[str, Any]]:
    """The same back. Raises TextError."""
    found: dict[str, dict[str, Any]] = {}
    for line, parts in _rules(text):
        name = str(parts["name"])
        rule = {"from": parts["source"], "value": parts["value"], "scope": parts["scope"], "id_token": bool(parts["token"])}
        if name in found:
            raise TextError(_("Two lines name the same: %(line)s", line=line))
        found[name] = {field: value for field, value in rule.items() if value not in (None, False)}
    return found


def attributes_text(attributes: Iterable[Mapping[str, Any]]) -> str:
    """Attributes, one a line."""
    return "\n".join(f"{one['name']} = {_made_of(one)}" for one in attributes)


def read_attributes(text: str, known: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same back; format and friendly name stay as `known` has them. Raises TextError."""
    kept = {one["name"]: one for one in known}
    return [
        {name: value for name, value in kept.get(parts["name"], {}).items() if name in {"format", "friendly_name"}}
        | {"name": parts["name"]}
        | ({"from": parts["source"]} if parts["source"] else {"value": parts["value"]})
        for _line, parts in _rules(text)
    ]


def acs_text(addresses: Iterable[Mapping[str, Any]]) -> str:
    """Addresses, one a line, the default first."""
    return "\n".join(one["url"] for one in sorted(addresses, key=lambda one: not one["default"]))


def read_acs(text: str, known: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same back; an address keeps its number."""
    numbers = {one["url"]: one["index"] for one in known}
    urls = list(dict.fromkeys(text.split()))
    taken = {numbers[url] for url in urls if url in numbers}
    free = (number for number in range(len(urls) + len(taken) + 1) if number not in taken)
    return [
        {"url": url, "index": numbers[url] if url in numbers else next(free), "default": place == 0}
        for place, url in enumerate(urls)
    ]


def read_certificates(text: str) -> list[str]:
    """PEM after PEM, or one in base64 alone."""
    return _PEM.findall(text) or ([text.strip()] if text.strip() else [])


def _claim_line(name: str, rule: Mapping[str, Any]) -> str:
    scope = f" in {rule['scope']}" if rule.get("scope", "openid") != "openid" else ""
    return f"{name} = {_made_of(rule)}{scope}{', id_token' if rule.get('id_token') else ''}"


def _made_of(rule: Mapping[str, Any]) -> str:
    return str(rule["from"]) if rule.get("from") else f'"{rule.get("value", "")}"'


def _rules(text: str) -> Iterable[tuple[str, dict[str, str | None]]]:
    for line in filter(None, (one.strip() for one in text.splitlines())):
        found = _RULE.fullmatch(line)
        if found is None:
            raise TextError(_("This line can’t be read: %(line)s", line=line[:80]))
        yield line, found.groupdict()


SHOWN: Mapping[str, Callable[[Any], str]] = {
    "claims": claims_text,
    "attributes": attributes_text,
    "acs": acs_text,
    "certificates": "\n".join,
    "encryption_certificate": str,
}
"""Fields that a form has as a long text."""

"""The password policy as the checklist of a page: each rule in words, and how the browser can follow it.

The browser's checks are a courtesy. What only the server can tell (leaked, frequent and guessable passwords) stays open
until the form is sent, and `tenants/passwords.py` decides about everything then.
"""

import re
from collections.abc import Iterable
from typing import Any

from flask import g
from flask_babel import gettext as _
from sqlalchemy import Row

from broker.pages import RuleLine
from tenants.addresses import AddressError, normalise_address
from tenants.guessing import context_words
from tenants.passwords import UNLESS_LONG, CharacterClass, PasswordPolicy, RuleOutcome, rule_lines
from tenants.passwords import RuleLine as Rule

SAME = "same"
"""Code of the line that the policy knows nothing of: both entries match."""

_CLASS_PATTERNS = {
    CharacterClass.LOWER: r"\p{Lowercase}",
    CharacterClass.UPPER: r"\p{Uppercase}",
    CharacterClass.DIGIT: r"\p{Nd}",
    CharacterClass.SYMBOL: r"[^\p{Lowercase}\p{Uppercase}\p{Nd}]",
}


def checklist(policy: PasswordPolicy, words: Iterable[str] = (), outcomes: Iterable[RuleOutcome] = ()) -> list[RuleLine]:
    """The lines of the page: before anything was sent without `outcomes`, afterwards with what the check found.

    `words` are those of `context_words`; the page sends them to the person whom they are about.
    """
    met = {outcome.code: outcome.met for outcome in outcomes}
    lines = [
        RuleLine(
            line.code,
            sentence_of(line),
            met.get(line.code),
            **_check(line.code, policy, line.values, words),
        )
        for line in rule_lines(policy)
    ]
    return [*lines, RuleLine(SAME, _("The same in both fields"), check="same")]


def sentence_of(rule: Rule) -> str:
    """A rule in the person's language."""
    values = {
        name: ", ".join(_(text) for text in value) if isinstance(value, tuple) else value for name, value in rule.values.items()
    }
    text = str(_(rule.text_key, **values))
    return str(_(UNLESS_LONG, rule=text, count=rule.unless_length)) if rule.unless_length else text


def context_of(account: Row[Any]) -> frozenset[str]:
    """Words that the password of this account must not contain; `account` is a row of ACCOUNT_FACTS."""
    try:
        local = normalise_address(account.email).local
    except AddressError:
        local = ""
    domains = [rule.name for rule in g.tenant.domains]
    names = [account.name, account.given_name, account.family_name]
    return context_words(g.tenant.name, domains, names, local)


def _check(code: str, policy: PasswordPolicy, values: Any, words: Iterable[str]) -> dict[str, Any]:
    """The fields of a RuleLine that tell the browser how to follow this rule; none: it can't."""
    match code:
        case "length_min":
            return {"check": "length", "minimum": values["count"]}
        case "length_max":
            return {"check": "length", "maximum": values["count"]}
        case "classes_all" | "classes_some" | "classes_of":
            return {"check": "patterns", "patterns": _classes(policy), "minimum": policy.classes_required}
        case "alphabet" | "alphabet_of":
            return {"check": "patterns", "patterns": [_only(policy.alphabet or frozenset())]}
        case "dot_before_at":
            return {"check": "patterns", "patterns": [r"^(?!.*\.@)"]}
        case "context":
            return {"check": "words", "words": sorted(words)}
    return {}


def _classes(policy: PasswordPolicy) -> list[str]:
    """A pattern for each class; one for long passwords as often as classes are asked for, so that it is enough alone."""
    patterns = [_CLASS_PATTERNS[kind] for kind in sorted(policy.classes)]
    if policy.passphrase_length is not None:
        patterns += [rf"^[^]{{{policy.passphrase_length},}}$"] * policy.classes_required
    return patterns


def _only(alphabet: frozenset[str]) -> str:
    """A pattern for texts of these characters alone; inside brackets these four have a meaning."""
    return "^[" + re.sub(r"([\\\]^-])", r"\\\1", "".join(sorted(alphabet))) + "]*$"

"""What a new password must be: presets as data, one check, and the sentences shown before typing (L5).

A sentence is English with `%(name)s` places, and is its own translation key. A tenant's own changes to a preset stand in
tenants/password_policies.py.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tenants.guessing import contains_any, is_common, is_hard_to_guess

MAX_BYTES = 1024
ASCII_SYMBOLS = "@#$%^&*-_+=[]{}|:',.?/`~\"();"


class PasswordError(ValueError):
    """What was sent can't be a password at all: over the cap, or no text. Nothing else is said about it."""


class CharacterClass(StrEnum):
    """What class rules count."""

    LOWER = "lower"
    UPPER = "upper"
    DIGIT = "digit"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """One set of rules. Lengths are characters after normalisation."""

    name: str
    min_length: int
    min_length_alone: int
    """Where no second factor is asked that deserves the name; see `TenantPolicy.password_policy`."""
    max_length: int
    classes: frozenset[CharacterClass] = frozenset()
    classes_required: int = 0
    passphrase_length: int | None = None
    """From so many characters on the classes are not asked for."""
    alphabet: frozenset[str] | None = None
    refuses_dot_before_at: bool = False


_RANGES = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789")
_LETTERS_AND_DIGITS = frozenset("".join(_RANGES))

PRESETS: Mapping[str, PasswordPolicy] = MappingProxyType(
    {
        "nist": PasswordPolicy("nist", min_length=8, min_length_alone=15, max_length=128),
        "l5b": PasswordPolicy(
            "l5b",
            min_length=8,
            min_length_alone=8,
            max_length=16,
            classes=frozenset(CharacterClass),
            classes_required=3,
            alphabet=_LETTERS_AND_DIGITS | frozenset(ASCII_SYMBOLS),
            refuses_dot_before_at=True,
        ),
        "l5c": PasswordPolicy(
            "l5c",
            min_length=8,
            min_length_alone=8,
            max_length=128,
            classes=frozenset({CharacterClass.LOWER, CharacterClass.UPPER, CharacterClass.DIGIT}),
            classes_required=3,
        ),
    }
)
"""The presets of L5. Every one refuses common, guessable and personal passwords: there is no switch for that."""

RULE_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "length_min": "At least %(count)s characters",
        "length_max": "At most %(count)s characters",
        "classes_all": "A lower-case letter, an upper-case letter and a digit",
        "classes_some": "%(count)s of these four: lower-case letters, upper-case letters, digits, symbols",
        "classes_of": "%(count)s of these: %(kinds)s",
        "alphabet_of": "Only these characters: %(characters)s",
        "alphabet": "Only the letters A to Z and a to z, digits, and %(symbols)s",
        "dot_before_at": "No . directly before @",
        "blocklist": "Not one of the passwords that many people use",
        "strength": "Hard to guess: no common words, rows of keys or repetitions alone",
        "context": "Without your name, your e-mail address or your organization’s name",
    }
)
"""One sentence per rule; a line's code names it."""
CLASS_TEXTS: Mapping[CharacterClass, str] = MappingProxyType(
    {
        CharacterClass.LOWER: "lower-case letters",
        CharacterClass.UPPER: "upper-case letters",
        CharacterClass.DIGIT: "digits",
        CharacterClass.SYMBOL: "symbols",
    }
)
UNLESS_LONG = "%(rule)s; any %(count)s characters or more will do too"
"""Around the sentence of a rule that long passwords need not keep."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule in words: translate `text_key`, then fill in `values`; a tuple among them is a list of texts to translate."""

    code: str
    text_key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    unless_length: int | None = None
    """Passwords of so many characters need not keep it."""


@dataclass(frozen=True, slots=True)
class RuleOutcome(RuleLine):
    """A rule, and whether a password keeps it."""

    met: bool = False


def normalise_password(password: str) -> str:
    """The form to check and to hash: NFKC, so that every keyboard's é is the same. Never shortened.

    It doesn't depend on the policy: rules that change must not change what passwords are. Raises PasswordError.
    """
    if len(password) > MAX_BYTES:
        raise PasswordError("The password is too long.")
    normal = unicodedata.normalize("NFKC", password)
    try:
        size = len(normal.encode())
    except UnicodeEncodeError as error:
        raise PasswordError("The password is not text.") from error
    if size > MAX_BYTES:
        raise PasswordError("The password is too long.")
    return normal


def check_password(policy: PasswordPolicy, password: str, context: Iterable[str] = ()) -> list[RuleOutcome]:
    """Every rule of `rule_lines`, in its order, with whether the password keeps it. Raises PasswordError."""
    normal = normalise_password(password)
    checks: dict[str, Callable[[], bool]] = {
        "length_min": lambda: len(normal) >= policy.min_length,
        "length_max": lambda: len(normal) <= policy.max_length,
        "alphabet": lambda: policy.alphabet is None or policy.alphabet.issuperset(normal),
        "dot_before_at": lambda: ".@" not in normal,
        "blocklist": lambda: not is_common(normal),
        "strength": lambda: is_hard_to_guess(normal),
        "context": lambda: not contains_any(normal, context),
    }
    checks |= dict.fromkeys(("classes_all", "classes_some", "classes_of"), lambda: _has_classes(policy, normal))
    checks["alphabet_of"] = checks["alphabet"]
    return [
        RuleOutcome(line.code, line.text_key, line.values, line.unless_length, met=checks[line.code]())
        for line in rule_lines(policy)
    ]


def rule_lines(policy: PasswordPolicy) -> list[RuleLine]:
    """The rules in words, as they are shown before typing."""
    lines = [_line("length_min", count=policy.min_length), _line("length_max", count=policy.max_length)]
    if policy.classes_required:
        lines.append(replace(_classes_line(policy), unless_length=policy.passphrase_length))
    if policy.alphabet is not None:
        lines.append(_alphabet_line(policy.alphabet))
    if policy.refuses_dot_before_at:
        lines.append(_line("dot_before_at"))
    return [*lines, *map(_line, ("blocklist", "strength", "context"))]


def _line(code: str, **values: Any) -> RuleLine:
    return RuleLine(code, RULE_TEXTS[code], values)


def _classes_line(policy: PasswordPolicy) -> RuleLine:
    """The two usual rules have words of their own."""
    count = policy.classes_required
    if policy.classes == frozenset(CharacterClass):
        return _line("classes_some", count=count)
    if policy.classes == PRESETS["l5c"].classes and count == len(policy.classes):
        return _line("classes_all", count=count)
    kinds = tuple(text for kind, text in CLASS_TEXTS.items() if kind in policy.classes)
    return _line("classes_of", count=count, kinds=kinds)


def _alphabet_line(alphabet: frozenset[str]) -> RuleLine:
    """All letters and digits with the usual symbols, or the characters one by one with whole ranges shortened."""
    others = alphabet - _LETTERS_AND_DIGITS
    if alphabet >= _LETTERS_AND_DIGITS and others and others <= frozenset(ASCII_SYMBOLS):
        return _line("alphabet", symbols=" ".join(sorted(others, key=ASCII_SYMBOLS.index)))
    whole = [letters for letters in _RANGES if alphabet.issuperset(letters)]
    rest = sorted(alphabet - frozenset("".join(whole)))
    shown = [f"{letters[0]}–{letters[-1]}" for letters in whole] + ["␣" if one == " " else one for one in rest]
    return _line("alphabet_of", characters=" ".join(shown))


def classes_of(text: str) -> frozenset[CharacterClass]:
    """The classes that a text has a character of."""
    return frozenset(map(_class_of, text))


def _class_of(character: str) -> CharacterClass:
    if character.islower():
        return CharacterClass.LOWER
    if character.isupper():
        return CharacterClass.UPPER
    return CharacterClass.DIGIT if character.isdecimal() else CharacterClass.SYMBOL


def _has_classes(policy: PasswordPolicy, password: str) -> bool:
    if policy.passphrase_length is not None and len(password) >= policy.passphrase_length:
        return True
    return len(classes_of(password) & policy.classes) >= policy.classes_required

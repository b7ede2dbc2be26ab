"""What a new password must be: presets as data, one check, and the sentences shown before typing (L5).

A sentence is English with `%(name)s` places, and is its own translation key.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

MAX_BYTES = 1024
PRODUCT = "SSO Broker"
MIN_CONTEXT_WORD = 4
"""Shorter parts of names, such as Li or Ann, stand in too many words to be refused."""
ESTIMATED_CHARACTERS = 20
"""The estimate looks no further: made for it, 72 characters cost seconds (zxcvbn 4.5), 20 at most 60 ms."""
MIN_GUESSES = 10**8
"""Where zxcvbn's score of 3 begins, less its margin of 5, which no eight characters whatever could reach."""
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
    """Where a second factor is asked as well."""
    min_length_alone: int
    max_length: int
    classes: frozenset[CharacterClass] = frozenset()
    classes_required: int = 0
    alphabet: frozenset[str] | None = None
    refuses_dot_before_at: bool = False


_ASCII_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

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
            alphabet=frozenset(_ASCII_LETTERS + "0123456789" + ASCII_SYMBOLS),
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
        "alphabet": "Only the letters A to Z and a to z, digits, and %(symbols)s",
        "dot_before_at": "No . directly before @",
        "blocklist": "Not one of the passwords that many people use",
        "strength": "Hard to guess: no common words, rows of keys or repetitions alone",
        "context": "Without your name, your e-mail address or your organization’s name",
    }
)
"""One sentence per rule; a line's code names it."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule in words: translate `text_key`, then fill in `values`."""

    code: str
    text_key: str
    values: Mapping[str, Any] = field(default_factory=dict)


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


def context_words(tenant_name: str, domains: Iterable[str] = (), names: Iterable[str] = (), local: str = "") -> frozenset[str]:
    """Words that a password of this person must not contain: of the tenant, the person, the address and the product.

    `domains` are canonical (the top level is left out), `local` is the address's part before the @.
    """
    labels = [name.removeprefix("*.").rpartition(".")[0] for name in domains]
    texts = [tenant_name, *labels, *names, local, PRODUCT]
    words = {word for text in texts for word in _words(text)}
    return frozenset(word for word in words if len(word) >= MIN_CONTEXT_WORD)


def check_password(
    policy: PasswordPolicy, password: str, context: Iterable[str] = (), second_factor: bool = True
) -> list[RuleOutcome]:
    """Every rule of `rule_lines`, in its order, with whether the password keeps it. Raises PasswordError."""
    normal = normalise_password(password)
    checks: dict[str, Callable[[], bool]] = {
        "length_min": lambda: len(normal) >= _min_length(policy, second_factor),
        "length_max": lambda: len(normal) <= policy.max_length,
        "classes_all": lambda: _has_classes(policy, normal),
        "classes_some": lambda: _has_classes(policy, normal),
        "alphabet": lambda: policy.alphabet is None or policy.alphabet.issuperset(normal),
        "dot_before_at": lambda: ".@" not in normal,
        "blocklist": lambda: _common_passwords().isdisjoint(_disguises(normal)),
        "strength": lambda: _is_hard_to_guess(normal),
        "context": lambda: not _contains_any(normal, context),
    }
    return [
        RuleOutcome(line.code, line.text_key, line.values, met=checks[line.code]())
        for line in rule_lines(policy, second_factor)
    ]


def rule_lines(policy: PasswordPolicy, second_factor: bool = True) -> list[RuleLine]:
    """The rules in words, as they are shown before typing."""
    codes: dict[str, Mapping[str, Any]] = {
        "length_min": {"count": _min_length(policy, second_factor)},
        "length_max": {"count": policy.max_length},
    }
    if policy.classes_required:
        is_choice = policy.classes_required < len(policy.classes)
        codes["classes_some" if is_choice else "classes_all"] = {"count": policy.classes_required}
    if policy.alphabet is not None:
        codes["alphabet"] = {"symbols": " ".join(ASCII_SYMBOLS)}
    if policy.refuses_dot_before_at:
        codes["dot_before_at"] = {}
    codes |= {"blocklist": {}, "strength": {}, "context": {}}
    return [RuleLine(code, RULE_TEXTS[code], values) for code, values in codes.items()]


def _min_length(policy: PasswordPolicy, second_factor: bool) -> int:
    return policy.min_length if second_factor else policy.min_length_alone


def _class_of(character: str) -> CharacterClass:
    if character.islower():
        return CharacterClass.LOWER
    if character.isupper():
        return CharacterClass.UPPER
    return CharacterClass.DIGIT if character.isdecimal() else CharacterClass.SYMBOL


def _has_classes(policy: PasswordPolicy, password: str) -> bool:
    return len({_class_of(character) for character in password} & policy.classes) >= policy.classes_required


_PLAIN = str.maketrans("4@8306!1|$5+7", "aabeogiiisstt")
"""What stands for letters in p@ssw0rd."""

zxcvbn(" ")  # adds its empty entry for `user_inputs` to a dictionary shared by all threads, before there are any


@cache
def _common_passwords() -> frozenset[str]:
    """The frequency list that zxcvbn ships: 30,000 leaked passwords, lower case, most frequent first."""
    return frozenset(FREQUENCY_LISTS["passwords"])


def _disguises(password: str) -> set[str]:
    """The password as a cracker reads it: lower case, p@ss as pass, and what is left without a tail such as `1!`."""
    lower = password.lower()
    forms = {lower, lower.translate(_PLAIN)}
    cores = {form.strip("0123456789 " + ASCII_SYMBOLS + "!<>\\") for form in forms}
    return forms | {core for core in cores if 2 * len(core) >= len(password)}


def _is_hard_to_guess(password: str) -> bool:
    """zxcvbn's estimate, made without its `user_inputs`: all threads share them. An empty text breaks it."""
    return bool(password) and bool(zxcvbn(password[:ESTIMATED_CHARACTERS])["guesses"] >= MIN_GUESSES)


def _contains_any(password: str, words: Iterable[str]) -> bool:
    lower = password.lower()
    forms = (lower, lower.translate(_PLAIN))
    return any(word in form for word in words for form in forms)


def _words(text: str) -> list[str]:
    """The runs of letters and digits of a text, lower case."""
    normal = unicodedata.normalize("NFKC", text).lower()
    return "".join(character if character.isalnum() else " " for character in normal).split()

"""A tenant's own password rules: changes to a preset, what none of them may do, and what is said of those that weaken.

No rule can switch the list of compromised passwords, the estimate or the context words off; there is no shortening, no
hint, no forced change by age and no history of passwords.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tenants.passwords import MAX_BYTES, PRESETS, CharacterClass, PasswordPolicy, classes_of
from tenants.reasons import Reason

SPAN = 4
"""Between the shortest and the longest password there must be room to choose."""
MIN_ALPHABET = 36
"""As many characters as small letters and digits."""
NIST_ALONE = 15
NIST_MAX = 64


class PasswordRules(BaseModel):
    """Changes to the preset that `password` names. What is left out stays as the preset has it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    min_length: int | None = Field(title="Shortest", default=None, ge=8, le=64, description="Shortest password, in characters.")
    min_length_alone: int | None = Field(
        title="Shortest without a second factor",
        default=None,
        ge=8,
        le=64,
        description="Shortest password where `email_factor` lets a mailed code stand in for the second factor.",
    )
    max_length: int | None = Field(
        title="Longest",
        default=None,
        ge=12,
        le=MAX_BYTES,
        description="Longest password, in characters; in any case 1,024 bytes.",
    )
    classes: tuple[CharacterClass, ...] | None = Field(
        title="Kinds of characters that count",
        default=None,
        description="Kinds of characters that count: `lower`, `upper`, `digit`, `symbol`.",
    )
    classes_required: int | None = Field(
        title="How many kinds are needed",
        default=None,
        ge=0,
        le=4,
        description="How many of these kinds a password must have; 0: none is asked for.",
    )
    passphrase_length: int | None = Field(
        title="Length from which kinds are not asked for",
        default=None,
        ge=15,
        le=128,
        description="From so many characters on, kinds of characters are not asked for.",
    )
    alphabet: str | None = Field(
        title="Allowed characters",
        default=None,
        max_length=500,
        description='The characters that are allowed, in one text; `""`: any.',
    )
    refuses_dot_before_at: bool | None = Field(
        title="Refuse a . directly before an @", default=None, description="Refuse a `.` directly before an `@`."
    )

    @field_validator("alphabet")
    @classmethod
    def _alphabet(cls, value: str | None) -> str | None:
        if not value:
            return value
        if unicodedata.normalize("NFKC", value) != value or not value.isprintable():
            raise ValueError("must be printable characters in their normal form (NFKC).")
        if len(set(value)) < MIN_ALPHABET:
            raise ValueError(f"must have {MIN_ALPHABET} characters or more.")
        return value


def password_policy(preset: str, rules: PasswordRules | None, *, is_alone: bool) -> PasswordPolicy:
    """The preset with its changes. `is_alone`: no second factor is sure to stand beside the password."""
    made = PRESETS[preset]
    if rules is not None:
        made = replace(made, **_changes(rules))
    return replace(made, min_length=max(made.min_length, made.min_length_alone)) if is_alone else made


def _changes(rules: PasswordRules) -> dict[str, Any]:
    changes = {name: value for name, value in rules if value is not None}
    if rules.alphabet is not None:
        changes["alphabet"] = frozenset(rules.alphabet) or None
    if rules.classes is not None:
        changes["classes"] = frozenset(rules.classes)
    return changes


def contradictions(policy: PasswordPolicy) -> Iterator[str]:
    """Why these rules can't be taken; nothing where they can."""
    if policy.max_length < policy.min_length + SPAN:
        yield f"password_rules: max_length must be at least {policy.min_length + SPAN}, the shortest password and {SPAN} more."
    if policy.classes_required > len(policy.classes):
        yield f"password_rules: classes_required is {policy.classes_required}, but classes has {len(policy.classes)}."
    if policy.alphabet is not None and policy.classes_required and not policy.classes <= classes_of("".join(policy.alphabet)):
        yield "password_rules: alphabet has no character of some of the classes."
    if policy.passphrase_length is not None and not policy.min_length < policy.passphrase_length <= policy.max_length:
        yield "password_rules: passphrase_length must lie between the shortest and the longest password."


def deviations(policy: PasswordPolicy, *, is_alone: bool) -> list[Reason]:
    """What weakens these rules, by NIST SP 800-63B-4 (3.1.1) and ASVS 5.0 (6.2), each with why that is."""
    found = []
    if is_alone and policy.min_length < NIST_ALONE:
        sentence = f"{policy.min_length} characters are enough beside a mailed code: NIST 63B-4 asks for {NIST_ALONE} there."
        found.append(Reason("min_length", sentence))
    if policy.max_length < NIST_MAX:
        sentence = f"more than {policy.max_length} characters are refused: NIST 63B-4 and ASVS 6.2.9 ask to take {NIST_MAX}."
        found.append(Reason("max_length", sentence))
    if policy.classes_required:
        sentence = "kinds of characters are demanded: NIST 63B-4 and ASVS 6.2.5 forbid that, as people answer with Password1."
        found.append(Reason("classes", sentence))
    if policy.alphabet is not None:
        sentence = f"only {len(policy.alphabet)} characters are allowed: NIST 63B-4 and ASVS 6.2.5 ask to take any."
        found.append(Reason("alphabet", sentence))
    if policy.refuses_dot_before_at:
        sentence = "a . before an @ is refused: NIST 63B-4 and ASVS 6.2.5 forbid rules about what stands where."
        found.append(Reason("refuses_dot_before_at", sentence))
    return found

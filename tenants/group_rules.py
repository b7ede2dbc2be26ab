"""What becomes of the groups that an identity provider sends: rules in, groups and a role out (U6). Pure.

A rule names a received group, or `*` for any, and says what it becomes. What no rule names comes to nothing: a directory
gives away no access that this tenant's file did not put into its hands. Values stay values: they are told to applications
inside `groups` and name no claim (security.md, OD-08).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenants.reasons import Reason

ANY = "*"
ROLES = ("owner", "admin", "helpdesk", "auditor")
"""From the strongest down."""
GRANTED_ROLES = frozenset(ROLES) - {"owner"}
"""What a rule may give. An owner is named here, by name."""
MAX_GROUPS = 2000
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One rule. Without `group` and `role` a group keeps the name that it came with."""

    received: str
    group: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody has by one connection."""

    groups: frozenset[str] = frozenset()
    role: str | None = None

    def as_json(self) -> dict[str, Any]:
        """How it stands in a profile."""
        return {"groups": sorted(self.groups), "role": self.role}

    @classmethod
    def from_json(cls, value: Any) -> "Given":
        """Read back; what never was there is nothing."""
        return cls(frozenset(value.get("groups", ())), value.get("role")) if isinstance(value, dict) else cls()


NOTHING = Given()


@dataclass(frozen=True, slots=True)
class Profile:
    """Whom a preview is about: what the provider said last, and what that came to."""

    email: str
    received: tuple[str, ...] | None
    """None: it never said."""
    given: Given = NOTHING


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes for one person."""

    email: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    role_before: str | None
    role_after: str | None


def read_rules(stored: Iterable[Mapping[str, Any]]) -> tuple[GroupRule, ...]:
    """The rules as they are stored. What no file could have written gives nothing (OD-08)."""
    rules = []
    for one in stored:
        received, group, role = one.get("from"), one.get("group"), one.get("role")
        is_sound = _is_name(received) and (group is None or _is_name(group))
        if is_sound and (role is None or (role in GRANTED_ROLES and received != ANY)):
            rules.append(GroupRule(str(received), group, role))
    return tuple(rules)


def clean_groups(received: Iterable[str]) -> tuple[str, ...]:
    """What is kept of the groups that came: each once, in order. A name that would have to be cut is another name."""
    return tuple(sorted({name for name in received if _is_name(name)}))[:MAX_GROUPS]


def given_by(rules: Iterable[GroupRule], received: Iterable[str]) -> Given:
    """What these groups come to."""
    names = frozenset(received)
    groups: set[str] = set()
    role = None
    for rule in rules:
        matched = names if rule.received == ANY else names & {rule.received}
        if matched and rule.group is not None:
            groups.add(rule.group)
        elif rule.role is None:
            groups |= matched
        if matched:
            role = stronger(role, rule.role)
    return Given(frozenset(groups), role)


def explain(rules: Iterable[GroupRule], received: Iterable[str]) -> tuple[Reason, ...]:
    """Which rule took which group, in words: for a test sign-in."""
    rules, names = tuple(rules), tuple(received)
    said = []
    for name in names:
        takers = [rule for rule in rules if rule.received in (ANY, name)]
        said += [Reason("group_taken", f"{name}: {_outcome(rule, name)}.") for rule in takers]
        if not takers:
            said.append(Reason("group_left", f"{name}: no rule names it."))
    return tuple(said)


def preview(rules: Iterable[GroupRule], people: Iterable[Profile]) -> list[Difference]:
    """Who gains and who loses with these rules, by what was received last. Who nothing changes for is left out."""
    rules = tuple(rules)
    differences = (_difference(rules, person) for person in people if person.received is not None)
    return [one for one in differences if one.gained or one.lost or one.role_before != one.role_after]


def stronger(*roles: str | None) -> str | None:
    """The one of them that may do most."""
    return min((role for role in roles if role in ROLES), key=ROLES.index, default=None)


def weaker(*roles: str | None) -> str | None:
    """The one of them that may do least; None where one is none."""
    return None if None in roles else max((role for role in roles if role in ROLES), key=ROLES.index, default=None)


def _difference(rules: tuple[GroupRule, ...], person: Profile) -> Difference:
    before, after = person.given, given_by(rules, person.received or ())
    return Difference(
        person.email,
        gained=tuple(sorted(after.groups - before.groups)),
        lost=tuple(sorted(before.groups - after.groups)),
        role_before=before.role,
        role_after=after.role,
    )


def _outcome(rule: GroupRule, name: str) -> str:
    parts = [f"group {rule.group}"] if rule.group else []
    parts += [f"role {rule.role}"] if rule.role else []
    return " and ".join(parts) or f"group {name}"


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME and value.isprintable() and value == value.strip()

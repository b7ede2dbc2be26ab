"""The part of the plan that refuses to leave a tenant without anybody who can configure it (security.md, AC-06)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenants.accounts import Account, AccountState
from tenants.admins import Candidate, Ways
from tenants.connections import Connection
from tenants.last_admin import ENDING, NOBODY, SHUT_OUT, SSO_ONLY, Admins, candidate_of, in_part, loss
from tenants.manifest.changes import Verb
from tenants.manifest.plan import Comparison
from tenants.manifest.plan_parts import policies_after, policies_before
from tenants.organization_policies import Policies

SENTENCES = {
    NOBODY: "the tenant would be left without an owner or admin who can enter. Name another one first.",
    ENDING: "every owner or admin who would be left has an end date. Name one without first.",
    SHUT_OUT: "no owner or admin would have a way in any more. Leave one of them a way first.",
    SSO_ONLY: "no owner or admin could enter without an identity provider any more. Leave e-mail and password to one of them, "
    "or open the back door for one first (broker door).",
}
"""What would be lost, as a file's mistakes are told."""


@dataclass(frozen=True, slots=True)
class Person:
    """What an account will be, as far as it matters to others."""

    candidate: Candidate
    organization_id: str
    is_of_part: bool = False
    """Its role is for a part of the tenant: it configures none of the rest."""


def people(comparison: Comparison) -> dict[str, Person]:
    """Every account that was loaded or is to be created, by id, as it will be."""
    found = _people_before(comparison)
    for change in comparison.changes:
        for write in change.writes:
            if write.model is Account:
                found[write.identity] = _after(found.get(write.identity), write.values)
    return found


def keep_an_admin(comparison: Comparison) -> None:
    """A tenant that has somebody to configure it keeps somebody, with the ways in that this needs."""
    policies_were, policies = policies_before(comparison), policies_after(comparison)
    before = Admins(_configuring(_people_before(comparison), policies_were), _ways_before(comparison, policies_were))
    after = Admins(_configuring(people(comparison), policies), _ways_after(comparison, policies))
    if (lost := loss(before, after, comparison.now)) is not None:
        comparison.refuse(("accounts",), SENTENCES[lost])


def _configuring(known: Mapping[str, Person], policies: Policies) -> dict[str, Candidate]:
    return {
        key: in_part(person.candidate, policies.of(person.organization_id))
        for key, person in known.items()
        if not person.is_of_part
    }


def _people_before(comparison: Comparison) -> dict[str, Person]:
    holders = comparison.state.door_holders
    return {
        row.id: Person(
            candidate_of(row, has_door_credential=row.id in holders), row.organization_id, row.admin_organization_id is not None
        )
        for row in comparison.state.accounts.values()
    }


def _after(before: Person | None, values: Any) -> Person:
    base = before or Person(Candidate(None, AccountState.INVITED.value), "")
    candidate = Candidate(
        role=values.get("role", base.candidate.role),
        state=values.get("state", base.candidate.state),
        expires_at=values.get("expires_at", base.candidate.expires_at),
        is_local_enabled=values.get("is_local_enabled", base.candidate.is_local_enabled),
        has_door_credential=base.candidate.has_door_credential,
    )
    return Person(candidate, values.get("organization_id", base.organization_id), base.is_of_part)


def _ways_before(comparison: Comparison, policies: Policies) -> Ways:
    return Ways(
        local=policies.whole.local_enabled,
        connection=any(row.is_enabled for row in comparison.state.connections.values()),
        door=bool(comparison.state.door_holders),
    )


def _ways_after(comparison: Comparison, policies: Policies) -> Ways:
    enabled = {row.id: row.is_enabled for row in comparison.state.connections.values()}
    for change in comparison.changes:
        for write in change.writes:
            if write.model is Connection:
                enabled[write.identity] = write.verb is not Verb.REMOVE and write.values.get(
                    "is_enabled", enabled.get(write.identity, True)
                )
    return Ways(
        local=policies.whole.local_enabled,
        connection=any(enabled.values()),
        door=bool(comparison.state.door_holders),
    )

"""Compares one tenant of the file with the database: what is to be created, changed and removed, or why it can't be.

Pure, but for what the workshop makes. Values are compared as they are stored; a row is never written for nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Row

from tenants.ids import new_id
from tenants.keys import SigningKey
from tenants.manifest.changes import Change, Effect, TenantPlan, Verb, Workshop, Write, differing, field_names
from tenants.manifest.checks import hosts_of
from tenants.manifest.faults import Fault, Location, path_of
from tenants.manifest.reading import TenantManifest
from tenants.manifest.specs import ROOT
from tenants.manifest.state import OPERATOR, PlatformState, TenantState
from tenants.organizations import Contact
from tenants.policies import TenantPolicy
from tenants.reasons import Reason
from tenants.routing_domains import is_public
from tenants.signing import KEYS
from tenants.tenants import DomainProof, Tenant, TenantHost, TenantSettings
from tenants.vault import Place


@dataclass
class Comparison:
    """One tenant being compared. The functions of plan*.py read it and add what they find to its lists."""

    tenant_id: str
    manifest: TenantManifest
    row: Row[Any] | None
    """The tenant's row as `state.TENANT` gives it; None for a new tenant."""
    platform: PlatformState
    state: TenantState
    workshop: Workshop
    now: datetime
    prune: bool
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    lost_credentials: int = 0
    is_local_withdrawn: bool = False
    """Local sign-in is switched off for everybody: who loses it beside that is counted already."""
    part_deviations: tuple[Reason, ...] = ()
    """What weakens the password rules of parts."""
    _lines: dict[str, int] = field(default_factory=dict)
    """Path → where its change stands."""

    @cached_property
    def organization_ids(self) -> dict[str, str]:
        """Key → id of every organization that the file names, whether it is there yet or not."""
        keys = (ROOT, *self.manifest.spec.organizations)
        known = self.state.organizations
        return {key: known[key].id if key in known else new_id("org") for key in keys}

    def path(self, *parts: str | int) -> str:
        return path_of(("tenants", self.manifest.slug, *parts))

    def refuse(self, location: Location, sentence: str) -> None:
        """Note why the file can't be applied as it is."""
        self.faults.append(Fault(self.path(*location), sentence))

    def leave(self, location: Location) -> bool:
        """Is something that the file no longer names to stay? It is then told as left over."""
        if not self.prune:
            self.leftovers.append(self.path(*location))
        return not self.prune

    def is_changing(self, location: Location) -> bool:
        """Does a line of the plan stand at this place?"""
        return self.path(*location) in self._lines

    def add(self, change: Change) -> None:
        """Add a change; to the line of the same path, where there is one."""
        index = self._lines.setdefault(change.path, len(self.changes))
        if index == len(self.changes):
            self.changes.append(change)
            return
        known = self.changes[index]
        self.changes[index] = replace(
            known,
            fields=tuple(sorted({*known.fields, *change.fields})),
            writes=known.writes + change.writes,
            effects=known.effects + change.effects,
            note=known.note + change.note,
            deviations=known.deviations + change.deviations,
        )

    def fit(self, location: Location, model: type[Any], row: Any, values: dict[str, Any], prefix: str) -> None:
        """Add the change that gives a row these values: none, one that creates it or one that changes it."""
        if row is None:
            write = Write(Verb.CREATE, model, new_id(prefix), values)
            self.add(Change(Verb.CREATE, self.path(*location), writes=(write,)))
        elif different := differing(row, values):
            write = Write(Verb.CHANGE, model, row.id, different)
            self.add(Change(Verb.CHANGE, self.path(*location), field_names(different), (write,)))

    def remove(self, location: Location, model: type[Any], row: Any, *effects: tuple[Effect, str]) -> None:
        """Add the change that deletes a row."""
        write = Write(Verb.REMOVE, model, row.id)
        self.add(Change(Verb.REMOVE, self.path(*location), writes=(write,), effects=effects))


Step = Callable[[Comparison], None]


def finished(comparison: Comparison, steps: tuple[Step, ...]) -> TenantPlan:
    """Run the steps in their order, which is the order of the writes."""
    for step in steps:
        step(comparison)
    return TenantPlan(
        slug=comparison.manifest.slug,
        tenant_id=comparison.tenant_id,
        changes=tuple(comparison.changes),
        faults=tuple(comparison.faults),
        leftovers=tuple(comparison.leftovers),
        lost_credentials=comparison.lost_credentials,
        deviations=(*comparison.manifest.spec.policy.deviations, *comparison.part_deviations),
    )


def plan_tenant(comparison: Comparison) -> None:
    """The tenant's own row."""
    spec = comparison.manifest.spec
    wanted: dict[str, Any] = {
        "name": spec.name,
        "status": spec.status,
        "canonical_host": None if spec.address == "path" else spec.address,
        "is_file_managed": True,
    }
    if comparison.row is None:
        wanted |= {"slug": comparison.manifest.slug, "created_at": comparison.now}
        write = Write(Verb.CREATE, Tenant, comparison.tenant_id, wanted)
        comparison.add(Change(Verb.CREATE, comparison.path(), writes=(write,)))
    elif different := differing(comparison.row, wanted):
        write = Write(Verb.CHANGE, Tenant, comparison.tenant_id, different)
        comparison.add(Change(Verb.CHANGE, comparison.path(), field_names(different), (write,)))


def plan_hosts(comparison: Comparison) -> None:
    """The host names that lead to the tenant. The list is the file's: one that is not in it leads nowhere any more."""
    spec, owners = comparison.manifest.spec, comparison.platform.hosts
    wanted, writes = hosts_of(spec), []
    for host in wanted:
        if owners.get(host, comparison.tenant_id) != comparison.tenant_id:
            place = "address" if host == spec.address else "hosts"
            comparison.refuse((place,), f"the host {host} leads to another tenant already.")
        elif host not in owners:
            writes.append(Write(Verb.CREATE, TenantHost, host, {"tenant_id": comparison.tenant_id}))
    ours = (host for host, owner in owners.items() if owner == comparison.tenant_id)
    writes += [Write(Verb.REMOVE, TenantHost, host) for host in ours if host not in wanted]
    if writes:
        path = comparison.path("hosts") if comparison.row else comparison.path()
        comparison.add(Change(Verb.CHANGE, path, writes=tuple(writes)))


def plan_proofs(comparison: Comparison) -> None:
    """What the operator says is proven. Proofs by other means are not the file's to take back."""
    proofs = comparison.platform.proofs
    wanted: dict[str, bool] = {}
    for name, domain in comparison.manifest.spec.domains.items():
        base = name.removeprefix("*.")
        wanted[base] = wanted.get(base, False) or domain.proven
        holder = proofs.get(base)
        if domain.proven and holder and holder.tenant_id != comparison.tenant_id:
            comparison.refuse(("domains", name, "proven"), f"{base} is proven by another tenant already.")
    for base, is_proven in wanted.items():
        _plan_proof(comparison, base, is_proven)


def _plan_proof(comparison: Comparison, base: str, is_proven: bool) -> None:
    proof = comparison.platform.proofs.get(base)
    if is_proven and proof is None and not is_public(base):
        values = {"tenant_id": comparison.tenant_id, "method": OPERATOR, "proven_at": comparison.now}
        write = Write(Verb.CREATE, DomainProof, base, values)
    elif not is_proven and proof and proof.tenant_id == comparison.tenant_id and proof.method == OPERATOR:
        write = Write(Verb.REMOVE, DomainProof, base)
    else:
        return
    name = base if base in comparison.manifest.spec.domains else f"*.{base}"
    comparison.add(Change(Verb.CHANGE, comparison.path("domains", name), ("proven",), (write,)))


def plan_keys(comparison: Comparison) -> None:
    """Every tenant has an active key of each sort from its first day (performance.md 5.4)."""
    for algorithm in KEYS:
        if algorithm in comparison.state.algorithms:
            continue
        key = comparison.workshop.signing_key(comparison.tenant_id, algorithm)
        place = Place(comparison.tenant_id, SigningKey.__tablename__, "private_sealed", key.kid)
        values = {
            "algorithm": algorithm,
            "public_jwk": key.public_jwk,
            "private_sealed": comparison.workshop.vault.seal(key.private, place),
            "created_at": comparison.now,
        }
        write = Write(Verb.CREATE, SigningKey, key.kid, values)
        comparison.add(Change(Verb.CHANGE, comparison.path(), (f"{algorithm} signing key",), (write,)))


def plan_settings(comparison: Comparison) -> None:
    """Policy, branding and the words of mails: one row, three tables of the file."""
    spec, manifest = comparison.manifest.spec, comparison.manifest
    policy = {"policy": spec.policy.model_dump(mode="json", exclude_unset=True)}
    branding: dict[str, Any] = {
        "colour": spec.branding.colour,
        "logo": manifest.logo.body if manifest.logo else None,
        "logo_type": manifest.logo.media_type if manifest.logo else None,
        "mail_logo": manifest.mail_logo.body if manifest.mail_logo else None,
        "languages": list(spec.branding.languages) if spec.branding.languages else None,
        "language": spec.branding.language,
        "texts": spec.branding.texts or None,
    }
    wording = {"wording": spec.mails.model_dump(exclude_none=True) or None}
    row = comparison.state.settings
    if row is None:
        write = Write(Verb.CREATE, TenantSettings, "settings", policy | branding | wording)
        names = ("policy", "branding", *(("mails",) if wording["wording"] else ()))
        deviations = tuple(spec.policy.deviations)
        comparison.add(Change(Verb.CHANGE, comparison.path(), names, (write,), deviations=deviations))
        return
    _plan_policy(comparison, row, policy)
    if different := differing(row, branding):
        write = Write(Verb.CHANGE, TenantSettings, row.id, different)
        own = _changed(row.texts or {}, branding["texts"] or {})
        names = tuple(sorted({*field_names(different), *field_names(dict.fromkeys(own))} - {"texts"}))
        comparison.add(Change(Verb.CHANGE, comparison.path("branding"), names, (write,)))
    if differing(row, wording):
        write = Write(Verb.CHANGE, TenantSettings, row.id, wording)
        names = _changed(row.wording or {}, wording["wording"] or {})
        comparison.add(Change(Verb.CHANGE, comparison.path("mails"), names, (write,)))


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Names whose values are not the same in both."""
    return tuple(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))


def _plan_policy(comparison: Comparison, row: TenantSettings, wanted: dict[str, Any]) -> None:
    """Switching local sign-in off takes everybody's local credentials along (requirements.md, T9)."""
    if not differing(row, wanted):
        return
    before, after = row.policy, wanted["policy"]
    was_on = TenantPolicy.model_validate(before).local_enabled
    is_withdrawn = was_on and not comparison.manifest.spec.policy.local_enabled
    count = len(comparison.state.local_holders) if is_withdrawn else 0
    comparison.lost_credentials = count
    comparison.is_local_withdrawn = is_withdrawn
    comparison.add(
        Change(
            Verb.CHANGE,
            comparison.path("policy"),
            _changed(before, after),
            (Write(Verb.CHANGE, TenantSettings, row.id, wanted),),
            ((Effect.WITHDRAW_LOCAL, ""),) if is_withdrawn else (),
            note=f" - deletes the local credentials of {count} account{'s' if count != 1 else ''}" if count else "",
            deviations=tuple(comparison.manifest.spec.policy.deviations),
        )
    )


def plan_contacts(comparison: Comparison) -> None:
    """Contacts have no key: the first of the file is the first of the database."""
    specs, rows = comparison.manifest.spec.contacts, comparison.state.contacts
    for index, spec in enumerate(specs):
        values = {
            "label": spec.label,
            "email": spec.email,
            "phone": spec.phone,
            "organization_id": comparison.organization_ids[spec.organization],
            "position": index,
        }
        comparison.fit(("contacts", index), Contact, rows[index] if index < len(rows) else None, values, "cnt")
    for index, row in enumerate(rows[len(specs) :], len(specs)):
        if not comparison.leave(("contacts", index)):
            comparison.remove(("contacts", index), Contact, row)

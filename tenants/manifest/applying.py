"""Plans a whole file against the database, and carries the plans out: all tenants are checked before one is written.

Each tenant is one transaction, in which its plan is made again from what is there then; applying a second time finds
nothing to do and writes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tenants.addresses import normalise_address
from tenants.audit import Event, append
from tenants.backdoors import DROP_DOOR_CREDENTIAL
from tenants.base import Base, TenantScoped
from tenants.db import Database, PlatformSession, TenantSession
from tenants.grants import settle_roles, withdraw_grants, withdraw_roles
from tenants.lifecycle import withdraw_local
from tenants.local_off import withdraw_from_all
from tenants.manifest.changes import Change, Effect, TenantPlan, Verb, Workshop, Write
from tenants.manifest.checks import hosts_of
from tenants.manifest.faults import Fault, ManifestError
from tenants.manifest.plan import (
    Comparison,
    finished,
    plan_contacts,
    plan_hosts,
    plan_keys,
    plan_proofs,
    plan_settings,
    plan_tenant,
)
from tenants.manifest.plan_accounts import plan_accounts, remove_organizations
from tenants.manifest.plan_admins import keep_an_admin
from tenants.manifest.plan_applications import plan_applications
from tenants.manifest.plan_moves import keep_moves
from tenants.manifest.plan_names import keep_names
from tenants.manifest.plan_parts import check_parts, plan_organizations
from tenants.manifest.plan_saml import plan_saml_applications
from tenants.manifest.plan_ways import plan_connections, plan_domains, remove_connections
from tenants.manifest.reading import Manifest, TenantManifest
from tenants.manifest.state import TENANT, TenantState, load_platform_state, load_tenant_state
from tenants.sessions import END_SESSIONS_OF_ACCOUNT, END_SESSIONS_OF_METHOD
from tenants.support_access import end_without_giver
from tenants.tenants import Tenant

_STEPS = (
    keep_names,
    plan_tenant,
    plan_hosts,
    plan_keys,
    plan_settings,
    plan_organizations,
    check_parts,
    plan_contacts,
    plan_connections,
    plan_domains,
    keep_moves,
    plan_proofs,
    plan_applications,
    plan_saml_applications,
    remove_connections,
    plan_accounts,
    keep_an_admin,
    remove_organizations,
)

_ACCOUNT_EVENTS = {
    Verb.CREATE: Event.ACCOUNT_CREATED,
    Verb.CHANGE: Event.ACCOUNT_CHANGED,
    Verb.REMOVE: Event.ACCOUNT_REMOVED,
}


@dataclass(frozen=True, slots=True)
class Apply:
    """How a file is applied: with what is made for it, when, and how much may go."""

    db: Database
    workshop: Workshop
    now: datetime
    prune: bool = False
    confirmed_credentials: int = 0
    """How many accounts the operator knows to lose their local credentials (requirements.md, T9)."""

    def plan(self, manifest: Manifest) -> tuple[TenantPlan, ...]:
        """What would change. Writes nothing. Raises ManifestError with everything that stands against it."""
        plans = []
        for tenant in manifest.tenants:
            tenant_id = self._tenant_id(tenant)
            with self.db.tenant(tenant_id).reading() as session:
                plans.append(self._plan(tenant, tenant_id, session))
        faults = [fault for plan in plans for fault in plan.faults]
        if faults:
            raise ManifestError(faults)
        return tuple(plans)

    def run(self, manifest: Manifest) -> tuple[TenantPlan, ...]:
        """Plan, then write tenant by tenant. Raises ManifestError; what it says about is not written."""
        plans = self.plan(manifest)
        self._require_confirmation(plans)
        return tuple(
            self._write(tenant, plan) if plan.changes else plan for tenant, plan in zip(manifest.tenants, plans, strict=True)
        )

    def _require_confirmation(self, plans: Iterable[TenantPlan]) -> None:
        lost = sum(plan.lost_credentials for plan in plans)
        if lost != self.confirmed_credentials:
            accounts = f"{lost} account{'s' if lost != 1 else ''}"
            confirm = f"confirm with --confirm-delete-credentials {lost}" if lost else "there is nothing to confirm"
            raise ManifestError([Fault("", f"this deletes the local credentials of {accounts}; {confirm}.")])

    def _tenant_id(self, tenant: TenantManifest) -> str:
        rows = self.db.look_up(TENANT, slug=tenant.slug)
        return str(rows[0].id) if rows else self.workshop.tenant_id(tenant.slug)

    def _plan(self, tenant: TenantManifest, tenant_id: str, session: TenantSession) -> TenantPlan:
        """Compare with what this session sees. (The platform's tables are read beside it.)"""
        spec = tenant.spec
        domains = [name.removeprefix("*.") for name in spec.domains]
        row = next(iter(self.db.look_up(TENANT, slug=tenant.slug)), None)
        email_keys = [normalise_address(email).key for email in spec.accounts]
        state = load_tenant_state(session, email_keys, spec.organizations) if row else TenantState()
        comparison = Comparison(
            tenant_id=tenant_id,
            manifest=tenant,
            row=row,
            platform=load_platform_state(self.db, tenant_id, tenant.slug, domains, hosts_of(spec), self.now),
            state=state,
            workshop=self.workshop,
            now=self.now,
            prune=self.prune,
        )
        return finished(comparison, _STEPS)

    def _write(self, tenant: TenantManifest, planned: TenantPlan) -> TenantPlan:
        try:
            reason = f"apply the file of tenant {tenant.slug}"
            with self.db.operating(planned.tenant_id, reason, self.now) as (platform, session):
                plan = self._plan(tenant, planned.tenant_id, session)
                if plan.faults:
                    raise ManifestError(plan.faults)
                if plan.lost_credentials != planned.lost_credentials:
                    raise _changed_meanwhile(tenant)
                for change in plan.changes:
                    self._carry_out(change, platform, session)
                if any(change.account_id for change in plan.changes):
                    end_without_giver(session, self.now)
                if plan.touches_configuration:
                    session.touch_configuration()
                return plan
        except IntegrityError:
            raise _changed_meanwhile(tenant) from None

    def _carry_out(self, change: Change, platform: PlatformSession, session: TenantSession) -> None:
        for write in change.writes:
            _write_row(write, platform, session)
            # In this very order: a connection comes before its versions.
            platform.flush()
            session.flush()
        for effect, subject in change.effects:
            self._bring_about(effect, subject, session)
        append(
            session,
            _event(change),
            at=self.now,
            account_id=change.account_id,
            detail={
                "path": change.path,
                "fields": ", ".join(change.fields) if change.verb is Verb.CHANGE else "",
                "verb": change.verb.value,
                "by": "file",
            }
            | {f"deviates: {reason.code}": reason.sentence for reason in change.deviations},
        )

    def _bring_about(self, effect: Effect, subject: str, session: TenantSession) -> None:
        if effect is Effect.END_SESSIONS:
            session.run(END_SESSIONS_OF_ACCOUNT, account=subject, now=self.now)
        elif effect is Effect.DROP_CREDENTIALS:
            withdraw_local(session, subject, self.now)
            session.run(DROP_DOOR_CREDENTIAL, account=subject)
        elif effect is Effect.WITHDRAW_ACCOUNT:
            withdraw_local(session, subject, self.now)
        elif effect is Effect.END_METHOD:
            session.run(END_SESSIONS_OF_METHOD, way=subject, now=self.now)
        elif effect is Effect.WITHDRAW_ROLES:
            withdraw_roles(session, subject, self.now)
        elif effect is Effect.SETTLE_ROLES:
            settle_roles(session, subject, self.now)
        elif effect is Effect.WITHDRAW_GRANTS:
            withdraw_grants(session, subject, self.now)
        else:
            withdraw_from_all(session, self.now)


def _event(change: Change) -> Event:
    if change.account_id is None:
        return Event.CONFIGURATION_REMOVED if change.verb is Verb.REMOVE else Event.CONFIGURATION_CHANGED
    return _ACCOUNT_EVENTS[change.verb]


def _write_row(write: Write, platform: PlatformSession, session: TenantSession) -> None:
    is_tenants = issubclass(write.model, TenantScoped)
    target = session if is_tenants else platform
    if write.verb is Verb.CREATE:
        target.add(write.model(**{_key_of(write.model): write.identity}, **write.values))
        return
    key = getattr(write.model, _key_of(write.model))
    row = target.scalars(select(write.model).where(key == write.identity)).first()
    if row is None:
        raise LookupError(f"no {write.model.__name__} to {write.verb.value}")
    if write.verb is Verb.REMOVE:
        target.delete(row)
        return
    for name, value in write.values.items():
        setattr(row, name, value)


def _key_of(model: type[Base]) -> str:
    """The column that `Write.identity` is about: `id`, or the name where that is the key."""
    if issubclass(model, TenantScoped | Tenant):
        return "id"
    return str(model.__table__.primary_key.columns.values()[0].name)  # type: ignore[attr-defined]  # a Table


def _changed_meanwhile(tenant: TenantManifest) -> ManifestError:
    sentence = "somebody else changed it meanwhile, or an entry is taken; nothing of it was written. Run it again."
    return ManifestError([Fault(f"tenants.{tenant.slug}", sentence)])

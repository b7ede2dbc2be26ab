"""The part of the plan about people: accounts, their groups and first credentials, and what ends with them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tenants.accounts import Account, AccountState, Grant
from tenants.addresses import normalise_address
from tenants.applications import Application
from tenants.credentials import Credential, CredentialKind
from tenants.group_rules import stronger
from tenants.ids import new_id
from tenants.manifest.changes import Change, Effect, Verb, Write, differing, field_names
from tenants.manifest.faults import Location
from tenants.manifest.plan import Comparison
from tenants.manifest.plan_admins import people
from tenants.manifest.specs import ROOT, AccountSpec
from tenants.manifest.state import FILE_SOURCE
from tenants.organizations import Contact, Organization
from tenants.vault import Place

_SHUT = frozenset({AccountState.DISABLED.value, AccountState.DELETED.value})


def plan_accounts(comparison: Comparison) -> None:
    """Everybody whom the file names, then those whom it no longer names."""
    named = {normalise_address(email).key: email for email in comparison.manifest.spec.accounts}
    for key, email in named.items():
        _plan_account(comparison, key, email)
    for key, row in comparison.state.accounts.items():
        is_gone = row.is_file_managed and key not in named and row.state != AccountState.DELETED
        if is_gone and not comparison.leave(("accounts", row.email)):
            _delete_account(comparison, row)


def _plan_account(comparison: Comparison, key: str, email: str) -> None:
    spec = comparison.manifest.spec.accounts[email]
    row = comparison.state.accounts.get(key)
    wanted = _wanted(comparison, email, spec, row)
    if row is None:
        account_id = new_id("acc")
        values = wanted | {"email_key": key, "created_at": comparison.now}
        writes = [Write(Verb.CREATE, Account, account_id, values)]
        different: dict[str, Any] = {}
    else:
        account_id, different = row.id, differing(row, wanted)
        writes = [Write(Verb.CHANGE, Account, account_id, different)] if different else []
    groups = _groups(comparison, account_id, spec)
    credentials = _credentials(comparison, account_id, email)
    fields = {*field_names(different)} - {"activated_at", "state_changed_at"}
    fields |= {"groups"} if groups else set()
    fields |= {str(write.values["kind"]) for write in credentials}
    if writes or groups or credentials:
        comparison.add(
            Change(
                Verb.CREATE if row is None else Verb.CHANGE,
                comparison.path("accounts", email),
                tuple(sorted(fields)),
                (*writes, *groups, *credentials),
                _effects(row, different),
                account_id,
                _loss(comparison, account_id, different),
            )
        )


def _loss(comparison: Comparison, account_id: str, different: dict[str, Any]) -> str:
    """Counts an account whose local credentials go because its right to them does, and says so."""
    holds = account_id in comparison.state.local_holders
    if different.get("is_local_enabled") is not False or not holds or comparison.is_local_withdrawn:
        return ""
    comparison.lost_credentials += 1
    return " - deletes its local credentials"


def _wanted(comparison: Comparison, email: str, spec: AccountSpec, row: Account | None) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "email": email,
        "organization_id": comparison.organization_ids[spec.organization],
        "is_local_enabled": spec.local,
        "role": stronger(spec.role, *_granted(comparison, row)),
        "own_role": spec.role,
        "expires_at": spec.expires,
        "state": _state(spec, row, comparison.now),
        "is_file_managed": True,
    }
    wanted |= {name: value for name in ("name", "given_name", "family_name") if (value := getattr(spec, name)) is not None}
    if wanted["state"] == AccountState.ACTIVE and (row is None or row.state != AccountState.ACTIVE):
        wanted["activated_at"] = comparison.now
    if row is not None and wanted["state"] != row.state:
        wanted["state_changed_at"] = comparison.now
    return wanted


def _granted(comparison: Comparison, row: Account | None) -> Iterable[str]:
    return comparison.state.granted_roles.get(row.id, {}).values() if row is not None else ()


def _state(spec: AccountSpec, row: Account | None, now: datetime) -> str:
    """A person's own activation, and what time has made of an account, are not undone by applying the file again."""
    if spec.state in {"active", "disabled"}:
        return str(spec.state)
    if row is None or row.state == AccountState.DELETED:
        has_password = spec.password is not None and spec.state is None
        return (AccountState.ACTIVE if has_password else AccountState.INVITED).value
    if spec.state == "invited" and row.state == AccountState.DISABLED:
        return _state_given_back(row)
    if row.state == AccountState.EXPIRED and (spec.expires is None or spec.expires > now):
        return _state_given_back(row)
    return row.state


def _state_given_back(row: Account) -> str:
    return (AccountState.ACTIVE if row.activated_at else AccountState.INVITED).value


def _groups(comparison: Comparison, account_id: str, spec: AccountSpec) -> list[Write]:
    """Only grants that the file gave are the file's to take."""
    given = comparison.state.groups.get(account_id, {})
    added = [
        Write(
            Verb.CREATE,
            Grant,
            new_id("grt"),
            {"account_id": account_id, "kind": "group", "value": group, "source": FILE_SOURCE},
        )
        for group in dict.fromkeys(spec.groups)
        if group not in given
    ]
    taken = [Write(Verb.REMOVE, Grant, grant.id) for group, grant in given.items() if group not in spec.groups]
    return added + taken


def _credentials(comparison: Comparison, account_id: str, email: str) -> list[Write]:
    """First credentials. One that is there is the person's own, and stays."""
    manifest, held = comparison.manifest, comparison.state.credentials.get(account_id, frozenset())
    writes = []
    if email in manifest.passwords and CredentialKind.PASSWORD not in held:
        hashed = comparison.workshop.password_hash(comparison.tenant_id, email, manifest.passwords[email])
        secret = {"secret_hash": hashed}
        writes.append(_credential(comparison, account_id, CredentialKind.PASSWORD, secret, new_id("crd")))
    if email in manifest.totp_secrets and CredentialKind.TOTP not in held:
        row_id = new_id("crd")
        place = Place(comparison.tenant_id, Credential.__tablename__, "secret_sealed", row_id)
        sealed = comparison.workshop.vault.seal(manifest.totp_secrets[email], place)
        writes.append(_credential(comparison, account_id, CredentialKind.TOTP, {"secret_sealed": sealed}, row_id))
    return writes


def _credential(comparison: Comparison, account_id: str, kind: CredentialKind, secret: dict[str, str], row_id: str) -> Write:
    values = {"account_id": account_id, "kind": kind.value, "created_at": comparison.now}
    return Write(Verb.CREATE, Credential, row_id, values | secret)


def _effects(row: Account | None, different: dict[str, Any]) -> tuple[tuple[Effect, str], ...]:
    """Who may no longer enter, or no longer in that way, is signed out at once."""
    is_shut = different.get("state") in _SHUT
    loses_local = different.get("is_local_enabled") is False
    if row is None:
        return ()
    withdrawn = ((Effect.WITHDRAW_ACCOUNT, row.id),) if loses_local else ()
    return ((Effect.END_SESSIONS, row.id), *withdrawn) if is_shut or loses_local else ()


def _delete_account(comparison: Comparison, row: Account) -> None:
    """The row stays, so that the audit log keeps its meaning; everything that lets somebody in goes."""
    values = {
        "state": AccountState.DELETED.value,
        "role": None,
        "own_role": None,
        "is_local_enabled": False,
        "organization_id": comparison.organization_ids[ROOT],
    }
    groups = comparison.state.groups.get(row.id, {}).values()
    grants = (*(grant.id for grant in groups), *comparison.state.granted_roles.get(row.id, {}))
    writes = (Write(Verb.CHANGE, Account, row.id, values), *(Write(Verb.REMOVE, Grant, grant) for grant in grants))
    effects = ((Effect.END_SESSIONS, row.id), (Effect.DROP_CREDENTIALS, row.id))
    path = comparison.path("accounts", row.email)
    comparison.add(Change(Verb.REMOVE, path, (), writes, effects, row.id))


def remove_organizations(comparison: Comparison) -> None:
    """Organizations that the file no longer names, the lowest first; one that still holds something stays."""
    ids = {row.id: key for key, row in comparison.state.organizations.items()}
    named = {ROOT, *comparison.manifest.spec.organizations}
    gone = [row for key, row in comparison.state.organizations.items() if row.is_file_managed and key not in named]
    removed: set[str] = set()
    for row in sorted(gone, key=lambda one: _depth(one, comparison, ids), reverse=True):
        location: Location = ("organizations", row.key)
        if comparison.leave(location):
            continue
        if held := _held(comparison, row, removed):
            comparison.refuse(location, f"can't be removed: it still holds {held}.")
        else:
            removed.add(row.id)
            comparison.remove(location, Organization, row)


def _depth(row: Organization, comparison: Comparison, ids: dict[str, str]) -> int:
    depth, above = 0, row.parent_id
    while above is not None:
        depth, above = depth + 1, comparison.state.organizations[ids[above]].parent_id
    return depth


def _held(comparison: Comparison, row: Organization, removed: set[str]) -> str:
    """What would be left without an organization, in words; empty where it is nothing."""
    state = comparison.state
    members = sum(1 for person in people(comparison).values() if person.organization_id == row.id)
    members += state.members.get(row.id, 0)
    moved = {write.identity: write.values for change in comparison.changes for write in change.writes}
    going = {w.identity for c in comparison.changes for w in c.writes if w.verb is Verb.REMOVE}
    others: list[Contact | Application] = [*state.contacts, *state.applications.values(), *state.saml_applications.values()]
    things = [
        one
        for one in others
        if moved.get(one.id, {}).get("organization_id", one.organization_id) == row.id and one.id not in going
    ]
    parts = [
        one
        for one in state.organizations.values()
        if moved.get(one.id, {}).get("parent_id", one.parent_id) == row.id and one.id not in removed
    ]
    counts = {"account": members, "contact or application": len(things), "organization": len(parts)}
    return ", ".join(f"{count} {noun}{'s' if count != 1 else ''}" for noun, count in counts.items() if count)

"""The part of the plan about ways in: connections and domains."""

import json
from typing import Any

from tenants.connections import Connection
from tenants.domains import Domain
from tenants.ids import new_id
from tenants.manifest.changes import Change, Effect, Verb, Write, differing, field_names
from tenants.manifest.group_specs import stored
from tenants.manifest.plan import Comparison
from tenants.manifest.plan_versions import first_version, following_number, is_new_version, version_writes
from tenants.manifest.reading import ConnectionManifest
from tenants.manifest.state import OPERATOR
from tenants.tenants import DomainProof
from tenants.vault import Place, VaultError


def connection_ids(comparison: Comparison) -> dict[str, str]:
    """Key → id of every connection that is there, or that an earlier step of this plan creates."""
    ids = {key: row.id for key, row in comparison.state.connections.items()}
    for change in comparison.changes:
        ids |= {write.values["key"]: write.identity for write in change.writes if _makes_connection(write)}
    return ids


def _makes_connection(write: Write) -> bool:
    return write.model is Connection and write.verb is Verb.CREATE


def plan_connections(comparison: Comparison) -> None:
    """Each connection with its kind's options; secrets are compared opened, and sealed anew only where they differ."""
    for key, connection in comparison.manifest.connections.items():
        row = comparison.state.connections.get(key)
        if row is None:
            _create_connection(comparison, key, connection)
        elif row.kind != connection.spec.kind:
            sentence = f"is {row.kind} and stays so: people are known by it. Use another key for another kind."
            comparison.refuse(("connections", key, "kind"), sentence)
        else:
            _change_connection(comparison, key, connection, row)


def common_columns(connection: ConnectionManifest) -> dict[str, Any]:
    """The columns that all kinds have."""
    spec = connection.spec
    return {
        "label": spec.label,
        "note": spec.note,
        "icon": spec.icon,
        "position": spec.position,
        "is_enabled": spec.enabled,
        "is_shown": spec.shown,
        "provisioning": spec.provisioning,
        "linking": spec.linking,
        "group_rules": stored(spec.groups),
        "networks": list(spec.networks),
        "network_mode": spec.network_mode,
        "secret_expires_at": spec.secret_expires,
        "acr_values": spec.acr_values,
        "factor_values": list(spec.second_factor_values),
        "is_file_managed": True,
    }


def _create_connection(comparison: Comparison, key: str, connection: ConnectionManifest) -> None:
    row_id = new_id("con")
    values = common_columns(connection) | {
        "key": key,
        "kind": connection.spec.kind,
        "options": dict(connection.options),
        "secrets_sealed": _sealed(comparison, row_id, connection),
        "created_at": comparison.now,
        "updated_at": comparison.now,
    }
    writes = (Write(Verb.CREATE, Connection, row_id, values), first_version(comparison, row_id, values, connection.secrets))
    comparison.add(Change(Verb.CREATE, comparison.path("connections", key), writes=writes))


def _change_connection(comparison: Comparison, key: str, connection: ConnectionManifest, row: Connection) -> None:
    different = differing(row, common_columns(connection))
    names = set(field_names(different))
    options = {
        name for name in row.options.keys() | connection.options.keys() if row.options.get(name) != connection.options.get(name)
    }
    opened = _opened(comparison, row)
    secrets = {name for name in opened.keys() | connection.secrets.keys() if opened.get(name) != connection.secrets.get(name)}
    if options:
        different["options"] = dict(connection.options)
    if secrets:
        different["secrets_sealed"] = _sealed(comparison, row.id, connection)
    if different:
        fields = tuple(sorted(names | options | secrets))
        kept = version_writes(comparison, row, different, opened, connection.secrets)
        if is_new_version(different):
            different["version"] = following_number(comparison, row)
        write = Write(Verb.CHANGE, Connection, row.id, different | {"updated_at": comparison.now})
        effects: tuple[tuple[Effect, str], ...] = ()
        if different.get("is_enabled") is False:
            effects = ((Effect.WITHDRAW_ROLES, row.id), (Effect.END_METHOD, key))
        elif "group_rules" in different:
            effects = ((Effect.SETTLE_ROLES, row.id),)
        comparison.add(Change(Verb.CHANGE, comparison.path("connections", key), fields, (write, *kept), effects))


def _place(comparison: Comparison, row_id: str) -> Place:
    return Place(comparison.tenant_id, Connection.__tablename__, "secrets_sealed", row_id)


def _sealed(comparison: Comparison, row_id: str, connection: ConnectionManifest) -> str | None:
    if not connection.secrets:
        return None
    text = json.dumps(dict(connection.secrets), sort_keys=True)
    return comparison.workshop.vault.seal(text, _place(comparison, row_id))


def _opened(comparison: Comparison, row: Connection) -> dict[str, Any]:
    """What is sealed now. What does not open (its key was lost) counts as different and is sealed anew."""
    if row.secrets_sealed is None:
        return {}
    try:
        opened: dict[str, Any] = json.loads(comparison.workshop.vault.open(row.secrets_sealed, _place(comparison, row.id)))
    except VaultError:
        return {}
    return opened


def plan_domains(comparison: Comparison) -> None:
    """The e-mail domains. Routing rests on a proof: the file's own, or one that is there."""
    ids = connection_ids(comparison)
    for name, spec in comparison.manifest.spec.domains.items():
        connection_id = ids.get(spec.connection) if spec.connection else None
        if spec.connection and not _is_proven(comparison, name) and not _was_proven(comparison, name, connection_id):
            sentence = "needs a proof: by a TXT record (`broker domain prove`), or by your word (proven = true)."
            comparison.refuse(("domains", name, "connection"), sentence)
        values = {
            "name": name,
            "is_allowed": spec.allowed,
            "connection_id": connection_id,
            "is_enforced": spec.routing == "enforce",
            "is_file_managed": True,
        }
        comparison.fit(("domains", name), Domain, comparison.state.domains.get(name), values, "dom")
    for name, row in comparison.state.domains.items():
        is_gone = row.is_file_managed and name not in comparison.manifest.spec.domains
        if is_gone and not comparison.leave(("domains", name)):
            _remove_domain(comparison, name, row)


def _is_proven(comparison: Comparison, name: str) -> bool:
    base = name.removeprefix("*.")
    specs = comparison.manifest.spec.domains
    if any(specs[one].proven for one in (base, f"*.{base}") if one in specs):
        return True
    proof = comparison.platform.proofs.get(base)
    return proof is not None and proof.tenant_id == comparison.tenant_id and proof.method != OPERATOR


def _was_proven(comparison: Comparison, name: str, connection_id: str | None) -> bool:
    """Of a proof by record that has ended since (RT-08), the file need not know: nothing is routed, and it stays good."""
    row, proof = comparison.state.domains.get(name), comparison.platform.proofs.get(name.removeprefix("*."))
    is_ours = proof is not None and proof.tenant_id == comparison.tenant_id
    return row is not None and connection_id is not None and row.connection_id == connection_id and not is_ours


def _remove_domain(comparison: Comparison, name: str, row: Domain) -> None:
    """With the operator's proof, unless its other form is still in the file."""
    comparison.remove(("domains", name), Domain, row)
    base = name.removeprefix("*.")
    proof = comparison.platform.proofs.get(base)
    is_named = {base, f"*.{base}"} & comparison.manifest.spec.domains.keys()
    is_removed = any(write.identity == base for change in comparison.changes for write in change.writes)
    is_ours = proof is not None and proof.tenant_id == comparison.tenant_id and proof.method == OPERATOR
    if is_ours and not is_named and not is_removed:
        write = Write(Verb.REMOVE, DomainProof, base)
        change = Change(Verb.CHANGE, comparison.path("domains", name), ("proven",), (write,))
        comparison.add(change)


def remove_connections(comparison: Comparison) -> None:
    """Connections that the file no longer names, with their identities and the sessions that came by them."""
    for key, row in comparison.state.connections.items():
        if not row.is_file_managed or key in comparison.manifest.spec.connections:
            continue
        if comparison.leave(("connections", key)):
            continue
        domains = comparison.state.domains.items()
        users = [name for name, domain in domains if domain.connection_id == row.id and not domain.is_file_managed]
        if users:
            comparison.refuse(("connections", key), f"can't be removed: {', '.join(sorted(users))} is sent to it.")
        else:
            effects = ((Effect.END_METHOD, key), (Effect.WITHDRAW_GRANTS, row.id))
            comparison.remove(("connections", key), Connection, row, *effects)

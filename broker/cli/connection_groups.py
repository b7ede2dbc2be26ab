"""`broker connection groups`: who would gain and who would lose by the group rules of a connection (docs/accounts.md)."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from sqlalchemy import select

from broker.cli.asking import counted, tenant_of
from broker.cli.start import started
from tenants.connections import Connection
from tenants.grants import profiles_of
from tenants.group_rules import Difference, GroupRule, Profile, preview, read_rules
from tenants.manifest.faults import faults_of
from tenants.manifest.group_specs import GroupRulesSpec, stored


@click.command()
@click.argument("slug", metavar="TENANT")
@click.argument("key", metavar="CONNECTION")
@click.option(
    "--rules",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A tenants file with the rules that are thought of, or one with [[groups]] alone; else those in force.",
)
def groups(slug: str, key: str, file: Path | None) -> None:
    """Say what the rules of CONNECTION would change, by what it said of everybody last. Changes nothing."""
    with started() as broker, broker.db.tenant(tenant_of(broker, slug).id).reading() as session:
        connection = session.scalars(select(Connection).where(Connection.key == key)).first()
        if connection is None:
            raise click.ClickException("There is no such connection in this tenant.")
        rules = read_rules(connection.group_rules) if file is None else _rules_of(file, slug, key)
        people = list(profiles_of(session, connection.id))
    for line in _report(people, preview(rules, people)):
        click.echo(line)


def _rules_of(file: Path, slug: str, key: str) -> tuple[GroupRule, ...]:
    try:
        tables: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise click.ClickException(f"{file.name} is not TOML.") from None
    if "tenants" in tables:
        for name in ("tenants", slug, "connections", key):
            tables = tables.get(name) if isinstance(tables, dict) else None
        if not isinstance(tables, dict):
            raise click.ClickException(f"{file.name} does not name the connection {key} of {slug}.")
        tables = {"groups": tables.get("groups", [])}
    try:
        spec = GroupRulesSpec.model_validate(tables)
    except ValidationError as error:
        faults = "\n".join(str(fault) for fault in faults_of(error, GroupRulesSpec))
        raise click.ClickException(f"{file.name} has no such rules:\n{faults}") from None
    return read_rules(stored(spec.groups))


def _report(people: list[Profile], differences: list[Difference]) -> Iterator[str]:
    for one in sorted(differences, key=lambda difference: difference.email):
        yield f"{one.email}: {'; '.join(_changes(one))}"
    unknown = sum(1 for person in people if person.received is None)
    yield f"{counted(len(differences), 'account')} of {len(people)} would change, each at its next sign-in."
    if unknown:
        yield f"Of {unknown} no groups are known: the provider has sent none yet, or more than it can send."


def _changes(one: Difference) -> Iterator[str]:
    if one.gained:
        yield f"gains {', '.join(one.gained)}"
    if one.lost:
        yield f"loses {', '.join(one.lost)}"
    if one.role_before != one.role_after:
        yield f"role {one.role_before or 'none'} → {one.role_after or 'none'}"

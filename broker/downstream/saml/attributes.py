"""What a service provider is told about a person beside the name (Core, 2.7.3): what its rules say, and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import g
from sqlalchemy import bindparam, select

from broker.session import SignedIn
from tenants.accounts import GROUPS_OF_ACCOUNT
from tenants.claim_rules import Source
from tenants.organizations import Organization
from tenants.saml_applications import AttributeRule, SamlApplicationConfig
from tenants.statements import scoped

_ORGANIZATION = scoped(select(Organization.key, Organization.name).where(Organization.id == bindparam("organization")))


@dataclass
class Facts:
    """What is known of a person. What needs the database is read when a rule asks for it, once."""

    person: SignedIn

    @cached_property
    def groups(self) -> tuple[str, ...]:
        with g.db.reading() as db:
            return tuple(row.value for row in db.all(GROUPS_OF_ACCOUNT, account_id=self.person.row.account_id))

    @cached_property
    def organization(self) -> Any:
        with g.db.reading() as db:
            return db.one(_ORGANIZATION, organization=self.person.row.organization_id)


_VALUES: Mapping[str, Callable[[Facts], tuple[str | None, ...]]] = {
    Source.ACCOUNT_ID: lambda facts: (facts.person.row.account_id,),
    Source.EMAIL: lambda facts: (facts.person.row.email,),
    Source.EMAIL_LOCAL_PART: lambda facts: (facts.person.row.email.rpartition("@")[0],),
    Source.NAME: lambda facts: (facts.person.row.name,),
    Source.GIVEN_NAME: lambda facts: (facts.person.row.given_name,),
    Source.FAMILY_NAME: lambda facts: (facts.person.row.family_name,),
    Source.ORGANIZATION: lambda facts: (facts.organization.key,),
    Source.ORGANIZATION_NAME: lambda facts: (facts.organization.name,),
    Source.TENANT: lambda facts: (g.tenant.slug,),
    Source.TENANT_NAME: lambda facts: (g.tenant.name,),
    Source.GROUPS: lambda facts: facts.groups,
    Source.ROLE: lambda facts: (facts.person.row.role,),
}


_OF_ADDRESS = frozenset({Source.EMAIL, Source.EMAIL_LOCAL_PART})


def told(saml: SamlApplicationConfig, person: SignedIn) -> list[tuple[AttributeRule, tuple[str, ...]]]:
    """Each attribute that has a value, with its values. Where nothing is known, nothing is said.

    An address that nobody has proven is not known: SAML has no word beside it that says so (T4, LC-09).
    """
    facts, silent = Facts(person), kept_back(saml, person)
    rules = [rule for rule in saml.attributes if rule.name not in silent]
    found = ((rule, (rule.value,) if rule.source is None else _VALUES[rule.source](facts)) for rule in rules)
    kept = ((rule, tuple(value for value in values if value)) for rule, values in found)
    return [(rule, values) for rule, values in kept if values]


def kept_back(saml: SamlApplicationConfig, person: SignedIn) -> list[str]:
    """Names of the attributes that say an address which nobody has proven."""
    if saml.takes_unproven_email or person.row.is_email_verified:
        return []
    return [rule.name for rule in saml.attributes if rule.source in _OF_ADDRESS]

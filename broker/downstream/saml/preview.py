"""What a service provider would be told about a person, without a sign-in: the name and the attributes. Nothing is signed."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from broker.downstream.saml.asked import Asked
from broker.downstream.saml.attributes import kept_back, told
from broker.downstream.saml.subjects import is_named_by_address, name_for
from tenants.db import TenantSession
from tenants.own import OWN_ACCOUNT
from tenants.saml_applications import NameIdKind, SamlApplicationConfig


@dataclass(frozen=True, slots=True)
class Preview:
    """`name` None: nobody would come in, as the name is an address that nobody has proven."""

    name: dict[str, str] | None
    attributes: dict[str, list[str]]
    kept_back: list[str]
    """Attributes that say such an address, and are left out."""


def preview(db: TenantSession, saml: SamlApplicationConfig, account_id: str) -> Preview | None:
    """Needs `g.tenant` and `g.db`. None: there is no such account."""
    row = db.one(OWN_ACCOUNT, account=account_id)
    if row is None:
        return None
    person: Any = SimpleNamespace(row=SimpleNamespace(**row._mapping, account_id=row.id))
    asked = Asked(None, saml.default_acs.url)
    is_closed = is_named_by_address(saml, asked) and not (row.is_email_verified or saml.takes_unproven_email)
    attributes = {rule.name: list(values) for rule, values in told(saml, person)}
    return Preview(None if is_closed else _name(person, saml, asked), attributes, kept_back(saml, person))


def _name(person: Any, saml: SamlApplicationConfig, asked: Asked) -> dict[str, str]:
    name = name_for(person, saml, asked)
    # A transient one is another one each time.
    value = "…" if saml.name_id == NameIdKind.TRANSIENT else name.value
    said = {"Format": name.format, "NameQualifier": name.name_qualifier, "SPNameQualifier": name.sp_name_qualifier}
    return {"NameID": value} | {key: text for key, text in said.items() if text}

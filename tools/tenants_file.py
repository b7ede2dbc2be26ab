"""Writes the tables of docs/tenants-file.md from the models they are about: `.venv/bin/python -m tools.tenants_file`.

What stands between `<!-- fields of … -->` and `<!-- end -->` is written; the rest is by hand.
"""

import enum
import re
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from broker.upstream import KINDS
from broker.upstream.kind import document_fields, secret_fields
from tenants.manifest import application_specs, group_specs, saml_specs, specs, values
from tenants.password_policies import PasswordRules
from tenants.policies import TenantPolicy

PAGE = Path(__file__).parent.parent / "docs" / "tenants-file.md"
_BLOCK = re.compile(r"(<!-- fields of (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)

TABLES: dict[str, type[BaseModel]] = {
    "tenant": specs.TenantSpec,
    "policy": TenantPolicy,
    "password rules": PasswordRules,
    "branding": specs.BrandingSpec,
    "mails": specs.MailsSpec,
    "contact": specs.ContactSpec,
    "organization": specs.OrganizationSpec,
    "domain": specs.DomainSpec,
    "connection": specs.ConnectionSpec,
    "group rule": group_specs.GroupRuleSpec,
    "application": application_specs.ApplicationSpec,
    "claim": application_specs.ClaimSpec,
    "saml application": saml_specs.SamlApplicationSpec,
    "acs": saml_specs.AcsSpec,
    "attribute": saml_specs.AttributeSpec,
    "account": specs.AccountSpec,
    "secret": values.SecretReference,
} | {f"kind {name}": kind.options_type for name, kind in KINDS.items()}


def with_tables(page: str) -> str:
    """The page with every table as the models have it now. Raises KeyError for a table that there is no model of."""
    return _BLOCK.sub(lambda found: found[1] + table_of(found["name"]) + found[3], page)


def table_of(name: str) -> str:
    """One table in Markdown: field, value where it is left out, meaning."""
    model = TABLES[name]
    secrets = secret_fields(model) if name.startswith("kind ") else ()
    documents = document_fields(model) if name.startswith("kind ") else ()
    rows = [
        f"| `{info.alias or field}` | {_default(info)} | {_meaning(info, field in secrets, field in documents)} |"
        for field, info in model.model_fields.items()
    ]
    return "\n".join(["| field | left out | meaning |", "|---|---|---|", *rows]) + "\n"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "needed"
    if info.default is None or info.default is PydanticUndefined:
        return "–"
    return f"`{_toml(info.default)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _meaning(info: FieldInfo, is_secret: bool, is_document: bool) -> str:
    words = [f"{info.title}." if info.title else "", info.description or ""]
    if choices := _choices(info.annotation):
        words.append("One of " + ", ".join(f"`{choice}`" for choice in choices) + ".")
    if is_secret:
        words.append("A secret, by reference.")
    if is_document:
        words.append('The text itself, or `{ file = "…" }` for one beside this file.')
    return " ".join(filter(None, words)).replace("|", "\\|")


def _choices(annotation: Any) -> list[str]:
    """The values that a field can have, where they are few."""
    if typing.get_origin(annotation) is typing.Literal:
        return [str(choice) for choice in typing.get_args(annotation)]
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        return [choice for one in typing.get_args(annotation) for choice in _choices(one)]
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return [str(choice.value) for choice in annotation]
    return []


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

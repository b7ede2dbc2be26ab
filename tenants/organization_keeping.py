"""Changing the tree of organizations: made, named, moved, given rules of their own, deleted once nothing is in them (T8).

Inside the caller's transaction. Raises OrganizationError, with a sentence for the admin.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from tenants.accounts import Account, AccountState
from tenants.applications import Application
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.last_admin import LastAdminError, keeping_an_admin
from tenants.organization_checks import load_parts_state
from tenants.organization_policies import Overrides
from tenants.organization_tree import MAX_ORGANIZATIONS, Tree, load_tree
from tenants.organizations import Contact, Organization

_MOST_DEEP = 8


class OrganizationError(ValueError):  # says what happened, as a Refusal does
    """Why an organization can't be changed: a sentence for the admin."""


def add_organization(db: TenantSession, name: str, parent_id: str) -> Organization:
    """A new one below another. Its key comes from its name and never changes."""
    tree = _locked_tree(db)
    if len(tree.rows) >= MAX_ORGANIZATIONS:
        raise OrganizationError("There are 1,000 organizations already.")
    _require_place(tree, parent_id, deep=1)
    keys = {row.key for row in tree.rows.values()}
    row = Organization(id=new_id("org"), key=_key_for(name, keys), name=name, parent_id=parent_id)
    db.add(row)
    db.flush()
    return row


def get_ours(db: TenantSession, organization_id: str) -> Organization:
    """One that may be changed here."""
    row = db.scalars(select(Organization).where(Organization.id == organization_id).with_for_update()).first()
    if row is None:
        raise OrganizationError("This organization is gone.")
    if row.is_file_managed:
        raise OrganizationError("A tenants file manages this organization: change it there.")
    return row


def arrange(db: TenantSession, row: Organization, parent_id: str, overrides: Overrides, now: datetime) -> None:
    """Its place and its rules, for itself and those below it. They may not shut out whoever configures the tenant (AC-06).

    Nor may they contradict each other, there or in a part below.
    """
    before = load_parts_state(db)
    try:
        with keeping_an_admin(db, now):
            _move(db, row, parent_id)
            _override(row, overrides)
    except LastAdminError as error:
        raise OrganizationError(str(error)) from None
    if sentence := load_parts_state(db).contradiction_since(before):
        raise OrganizationError(sentence)


def _move(db: TenantSession, row: Organization, parent_id: str) -> None:
    if row.parent_id == parent_id:
        return
    tree = _locked_tree(db)
    if row.parent_id is None:
        raise OrganizationError("The main organization stays on top.")
    below = tree.below(row.id) or frozenset()
    if parent_id in below:
        raise OrganizationError("An organization can't be below itself.")
    deep = max(depth for depth, _row in tree.walk(row.id)) + 1
    _require_place(tree, parent_id, deep)
    row.parent_id = parent_id
    db.flush()


def _override(row: Organization, overrides: Overrides) -> None:
    if row.parent_id is None:
        raise OrganizationError("The main organization has the tenant's own policy.")
    row.policy_overrides = overrides.model_dump(exclude_none=True)


def delete(db: TenantSession, row: Organization) -> None:
    """An empty one. Its contacts go with it."""
    if row.parent_id is None:
        raise OrganizationError("The main organization stays.")
    if sentence := _inhabited(db, row):
        raise OrganizationError(sentence)
    _settle_deleted(db, row)
    for contact in db.scalars(select(Contact).where(Contact.organization_id == row.id)):
        db.delete(contact)
    db.flush()
    db.delete(row)
    db.flush()


def _settle_deleted(db: TenantSession, row: Organization) -> None:
    """Rows of deleted people stay for their ids; they go up to the one above."""
    gone = select(Account).where(Account.organization_id == row.id, Account.state == AccountState.DELETED.value)
    for account in db.scalars(gone):
        account.organization_id = row.parent_id or ""


def _inhabited(db: TenantSession, row: Organization) -> str:
    """What is in it; empty: nothing."""
    live = Account.state != AccountState.DELETED.value
    found: Mapping[str, Any] = {
        "There are organizations below it. Move or delete them first.": select(Organization.id).where(
            Organization.parent_id == row.id
        ),
        "There are people in it. Move them first.": select(Account.id).where(Account.organization_id == row.id, live),
        "An admin looks after it. Take that role back first.": select(Account.id).where(
            Account.admin_organization_id == row.id, live
        ),
        "An application belongs to it.": select(Application.id).where(Application.organization_id == row.id),
    }
    return next((sentence for sentence, query in found.items() if db.scalars(query.limit(1)).first() is not None), "")


def _locked_tree(db: TenantSession) -> Tree:
    """Two who move at once follow each other: no circle comes of it."""
    db.scalars(select(Organization.id).where(Organization.parent_id.is_(None)).with_for_update()).first()
    return load_tree(db)


def _require_place(tree: Tree, parent_id: str, deep: int) -> None:
    if parent_id not in tree.rows:
        raise OrganizationError("There is no such organization to be below of.")
    if len(tree.above(parent_id)) + deep > _MOST_DEEP:
        raise OrganizationError("The tree would be deeper than eight organizations.")


def _key_for(name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = "-".join(re.findall(r"[a-z0-9]+", plain))[:48].strip("-") or "organization"
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key

"""Adding a connection: choosing the product, then one page with what to copy there and what to bring back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.connections import approval
from broker.console.connections.assistants import Assistant, find_assistant, offered
from broker.console.connections.copies import CopyValue, copies_for
from broker.console.connections.fields import (
    FormError,
    common_fields,
    draft_from,
    option_fields,
    typed_of,
    with_notes,
)
from broker.console.connections.hand_over import begin
from broker.console.connections.own_domains import FIELD, bind_domains, domain_field, free_domains
from broker.console.connections.trying import save_and_test
from broker.console.connections.work import catch_up, keeping
from broker.console.forms import Errors, FormField
from broker.console.frame import show
from broker.upstream import KINDS
from broker.upstream.sharing import Consenting
from tenants.causes import Cause, Refusal
from tenants.connections import Connection, Provisioning
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.version_keeping import VersionError

HERE = "connections"
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that an assistant's page shows, for an admin and for whoever a set-up link was given to."""

    assistant: Assistant
    copies: list[CopyValue]
    fields: list[FormField]
    more: list[FormField]
    """Label and who may enter."""

    @property
    def is_approved_first(self) -> bool:
        """Nothing can be tested before an admin of a directory has approved it."""
        return _is_shared(self.assistant) and isinstance(KINDS[self.assistant.kind], Consenting)


def chooser() -> Response:
    """GET: which product."""
    admin = require(Permission.CONFIGURE)
    known = [(one, url_for("console.add_connection", assistant=one.key)) for one in offered()]
    return show(
        "console/connections/choose.html",
        admin,
        here=HERE,
        title=_("Add a connection"),
        own=[pair for pair in known if "preset" not in pair[0].given],
        presets=[pair for pair in known if "preset" in pair[0].given],
        back=(url_for("console.connections"), _("Connections")),
    )


def add_page(assistant: str) -> Response:
    """GET: the product's page."""
    admin, product = require(Permission.CONFIGURE, fresh=True), _product(assistant)
    with g.db.reading() as db:
        key = free_key(db, product)
    return _page(admin, product, key, {}, {})


def add(assistant: str) -> Response:
    """POST: a connection that is off, with its first draft; then to its test, or to its page."""
    admin, product = require(Permission.CONFIGURE, fresh=True), _product(assistant)
    key = request.form.get("key", "")
    if not is_of(key, product):
        return _again(admin, product, _("This page is no longer current. Look at the values once more, then save."))
    if "hand_over" in request.form:
        try:
            return begin(admin, product, key)
        except VersionError as error:
            return _again(admin, product, str(error))
    sheet = sheet_of(product, key, {}, {})
    try:
        typed = typed_of(product.kind, [*sheet.fields, *sheet.more], request.form, request.files)
        values = draft_from(product.kind, typed, None, given_of(product))
        with keeping(admin.id) as work:
            work.add_connection(key, product.kind, values, str(_("Set up as %(product)s", product=product.label)))
            bind_domains(work, admin, key, request.form.getlist(FIELD))
    except FormError as error:
        return _page(admin, product, key, request.form, error.errors, 400)
    except VersionError as error:
        return _again(admin, product, str(error))
    catch_up()
    if "approve" in request.form and sheet.is_approved_first:
        return approval.begin(admin, key)
    if "later" in request.form:
        return redirect(url_for("console.connection", connection=key, done="drafted"), 303)
    return save_and_test(admin, key)


def given_of(product: Assistant) -> dict[str, Any]:
    """What is known of the product, and what a connection that was just added is like."""
    return {"position": 100, **product.given}


def sheet_of(product: Assistant, key: str, texts: Mapping[str, Any], errors: Errors, kept: tuple[str, ...] = ()) -> Sheet:
    """The page of one product. `texts`: what was typed, or stands there; secrets don't come back, `kept` are stored."""
    fields = with_notes(option_fields(product.kind, product.fields, texts, errors, kept), product)
    config = {"label": str(product.button or product.label), "provisioning": _usual_provisioning()} | dict(texts)
    more = common_fields(config, errors, ("label", "provisioning", *(("secret_expires",) if _has_secret(product) else ())))
    is_registered = bool(product.steps) and not _is_shared(product)
    return Sheet(product, copies_for(product.kind, key, product.scopes) if is_registered else [], fields, more)


def free_key(db: TenantSession, product: Assistant) -> str:
    """`microsoft`, or `microsoft-2` where that is taken: it stands in the addresses that are copied, and stays."""
    stem = product.key.removesuffix("-shared")
    taken = set(db.scalars(select(Connection.key).where(Connection.key.startswith(stem)).limit(_MOST)))
    numbered = (f"{stem}-{number}" for number in range(2, _MOST + 2))
    return stem if stem not in taken else next(key for key in numbered if key not in taken)


def is_of(key: str, product: Assistant) -> bool:
    """Is it one that the page could have shown?"""
    stem, _dash, number = key.rpartition("-")
    wanted = product.key.removesuffix("-shared")
    return key == wanted or (stem == wanted and number.isdecimal() and len(number) <= len(str(_MOST)))


def _is_shared(product: Assistant) -> bool:
    """By the operator's registration: there is nothing to register, and so nothing to copy."""
    return product.given.get("registration") == "shared"


def _has_secret(product: Assistant) -> bool:
    return "client_secret" in product.fields


def _usual_provisioning() -> str:
    """Newcomers are let in where there is a domain to know them by; else those who are invited."""
    has_domain = any(rule.allowed and rule.proven for rule in g.tenant.domains)
    return (Provisioning.JUST_IN_TIME if has_domain else Provisioning.INVITED).value


def _product(key: str) -> Assistant:
    found = find_assistant(key)
    if found is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such product")
    return found


def _again(admin: Admin, product: Assistant, sentence: str) -> Response:
    """With a key that is free: the values to copy are others then."""
    with g.db.reading() as db:
        key = free_key(db, product)
    return _page(admin, product, key, request.form, {"": sentence}, 409)


def _page(
    admin: Admin, product: Assistant, key: str, texts: Mapping[str, Any], errors: dict[str, str], status: int = 200
) -> Response:
    with g.db.reading() as db:
        domains = free_domains(db)
    sheet = sheet_of(product, key, texts, errors)
    if domains:
        sheet.more.append(domain_field(domains, request.form.getlist(FIELD) if request.form else None))
    return show(
        "console/connections/add.html",
        admin,
        here=HERE,
        title=_("Add %(product)s", product=product.label),
        status=status,
        sheet=sheet,
        key=key,
        errors={name: text for name, text in errors.items() if name},
        form_error=errors.get("", ""),
        back=(url_for("console.add"), _("Add a connection")),
        later_url=url_for("console.connections"),
    )

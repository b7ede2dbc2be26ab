"""Adding an application: what it is, and the values without which nothing works."""

import re
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from pydantic import ValidationError
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.applications.secrets import renew_secret, secret_once
from broker.console.applications.sections import LABELS
from broker.console.applications.store import Held, Spec, columns_of, organizations_of
from broker.console.applications.texts import read_acs, read_certificates
from broker.console.changes import Work, changing
from broker.console.forms import Choice, Errors, FormField, errors_of, marked
from broker.console.frame import go, show
from broker.service_providers import ImportRefused, asked, import_sp
from broker.wiring import the_broker
from tenants.applications import Application
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.manifest.application_rows import KEPT_SECRET
from tenants.manifest.application_specs import ApplicationSpec
from tenants.manifest.saml_specs import SamlApplicationSpec
from tenants.saml_applications import SAML_KIND, client_id_of

_WEB, _PUBLIC = "web", "public"
_NAMES = ("name", "kind", "addresses", "metadata_url", "metadata", "entity_id", "certificates")
_MOST_ALIKE = 500
_NO_LETTER = re.compile(r"[^a-z0-9]+")


def new_page() -> Response:
    """GET: an empty form."""
    return _form(require(Permission.MANAGE_APPLICATIONS, fresh=True), {"kind": _WEB})


def add() -> Response:
    """POST: a new application. One with a secret shows it now and never again."""
    admin = require(Permission.MANAGE_APPLICATIONS, fresh=True)
    typed = {name: request.form.get(name, "").strip() for name in _NAMES}
    if typed["kind"] == SAML_KIND and (typed["metadata_url"] or typed["metadata"]):
        return _import(admin, typed)
    try:
        spec = _spec(typed)
    except ValidationError as error:
        return _form(admin, typed, _named(errors_of(error)), 422)
    with changing(admin) as work:
        there = _stored(work, spec)
        secret = renew_secret(work, there) if there is not None and typed["kind"] == _WEB else None
    if there is None:
        return _form(admin, typed, {"entity_id": _("Another application has this entity ID already.")}, 422)
    if secret is not None:
        return secret_once(admin, there, secret)
    return go("console.application", "saved", application=there.row.key)


def _import(admin: Admin, typed: dict[str, str]) -> Response:
    """From the metadata of a service provider: pasted, or at an address that is then read again and again."""
    broker, url = the_broker(), typed["metadata_url"] or None
    with g.db.reading() as db:
        key = _free_key(db, typed["name"])
    try:
        document = asked(broker, url) if url else typed["metadata"]
        import_sp(broker, g.tenant.id, key, document, name=typed["name"] or None, url=url, by=admin.id)
    except ImportRefused as refused:
        return _form(admin, typed, {"metadata_url" if url else "metadata": str(refused)}, 422)
    return go("console.application", "saved", application=key)


def _spec(typed: dict[str, str]) -> Spec:
    if typed["kind"] == SAML_KIND:
        return SamlApplicationSpec.model_validate(
            {
                "name": typed["name"],
                "entity_id": typed["entity_id"],
                "acs": read_acs(typed["addresses"], ()),
                "certificates": read_certificates(typed["certificates"]),
            }
        )
    secret: dict[str, Any] = {"client_auth": "none"} if typed["kind"] == _PUBLIC else {"client_secret": KEPT_SECRET}
    return ApplicationSpec.model_validate({"name": typed["name"], "redirect_uris": typed["addresses"].split(), **secret})


def _stored(work: Work, spec: Spec) -> Held | None:
    """The new row. None: its entity id is taken."""
    is_saml = isinstance(spec, SamlApplicationSpec)
    if isinstance(spec, SamlApplicationSpec) and _is_taken(work, spec.entity_id):
        return None
    organizations, key = organizations_of(work.db), _free_key(work.db, spec.name)
    row = Application(
        id=new_id("app"),
        key=key,
        kind=SAML_KIND if is_saml else "oidc",
        client_id=client_id_of(key) if is_saml else new_id("cli"),
        created_at=work.now,
        **columns_of(spec, organizations),
    )
    work.db.add(row)
    work.db.flush()
    there = Held(row, {}, organizations)
    work.note(there.path, {}, {"name": spec.name, "kind": row.kind}, application_id=row.id)
    return there


def _is_taken(work: Work, entity_id: str) -> bool:
    return work.db.scalars(select(Application.id).where(Application.entity_id == entity_id)).first() is not None


def _free_key(db: TenantSession, name: str) -> str:
    """From its name, and unique in the tenant; it stays when the name changes."""
    wanted = _NO_LETTER.sub("-", name.casefold()).strip("-")[:40] or "application"
    alike = select(Application.key).where(Application.key.startswith(wanted, autoescape=True)).limit(_MOST_ALIKE)
    taken = set(db.scalars(alike))
    numbered = (f"{wanted}-{number}" for number in range(2, _MOST_ALIKE + 3))
    return next(key for key in (wanted, *numbered) if key not in taken)


def _named(errors: Errors) -> dict[str, str]:
    """Fields of the form for those of the application."""
    names = {"redirect_uris": "addresses", "acs": "addresses"}
    found = {names.get(name, name): sentence for name, sentence in errors.items()}
    if "redirect_uris" in found.get("", ""):
        found |= {"addresses": str(_("This is needed."))}
        del found[""]
    return found


def _form(admin: Admin, values: dict[str, str], errors: Errors | None = None, status: int = 200) -> Response:
    errors = errors or {}
    usual, saml = _fields(values), _saml_fields(values)
    every = marked([*usual, *saml], errors, "name")
    return show(
        "console/applications/new.html",
        admin,
        here="applications",
        title=_("Add an application"),
        status=status,
        errors=errors,
        fields=every[: len(usual)],
        saml=every[len(usual) :],
        is_saml=values.get("kind") == SAML_KIND,
        back=(url_for("console.applications"), _("Applications")),
    )


def _fields(values: dict[str, str]) -> list[FormField]:
    kinds = (
        Choice(_WEB, _("A web application with a server (OpenID Connect)")),
        Choice(_PUBLIC, _("An application in the browser or on a phone (OpenID Connect)")),
        Choice(SAML_KIND, _("An application that speaks SAML 2.0")),
    )
    addresses = _(
        "One a line, compared character by character: redirect URIs, or the ACS addresses of SAML. "
        "Not needed with SAML metadata."
    )
    return [
        FormField(
            "name", str(LABELS["name"]), value=values.get("name", ""), help=_("What people know it by."), is_required=True
        ),
        FormField("kind", _("What it is"), "choice", values.get("kind", _WEB), choices=kinds, is_required=True),
        FormField(
            "addresses",
            str(LABELS["redirect_uris"]),
            "lines",
            values.get("addresses", ""),
            addresses,
            is_mono=True,
        ),
    ]


def _saml_fields(values: dict[str, str]) -> list[FormField]:
    told, entity_id = _("As PEM; needed for signed requests and for signing out."), _("As its metadata says.")
    address = _("It is read there again from time to time. Nothing else is needed then.")
    return [
        FormField("metadata_url", _("Address of its metadata"), "url", values.get("metadata_url", ""), address, is_mono=True),
        FormField(
            "metadata",
            _("Or its metadata itself"),
            "area",
            values.get("metadata", ""),
            _("The whole XML document."),
            is_mono=True,
        ),
        FormField("entity_id", str(LABELS["entity_id"]), "text", values.get("entity_id", ""), entity_id, is_mono=True),
        FormField("certificates", str(LABELS["certificates"]), "area", values.get("certificates", ""), told, is_mono=True),
    ]

"""One application: what it is, the values for its side, what it would be told; its picture, and its end."""

import json
from typing import Any

from flask import abort, g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.applications.drawing import told
from broker.console.applications.sections import OIDC_SECTIONS, SAML_SECTIONS
from broker.console.applications.store import Held, find, held, may_change, needs_secret
from broker.console.changes import changing
from broker.console.frame import go, show
from broker.downstream.oidc.preview import preview
from broker.downstream.saml.preview import preview as preview_by_saml
from broker.wiring import the_broker
from tenants.accounts import Account
from tenants.addresses import AddressError, normalise_address
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.ids import digest
from tenants.pictures import redrawn

ICON_SIZE = (96, 96)


def application_page(application: str) -> Response:
    """GET: everything about it."""
    admin, there = require(Permission.VIEW_SETTINGS), find(application)
    return _page(admin, there)


def save_icon(application: str) -> Response:
    """POST: a picture for its tile, drawn anew; without a file the present one goes."""
    admin = require(Permission.MANAGE_APPLICATIONS, fresh=True)
    upload = request.files.get("icon")
    body = upload.read() if upload is not None else b""
    try:
        picture = redrawn(body, *ICON_SIZE) if body else None
    except ValueError as error:
        return _page(admin, find(application), {"icon": str(error)}, 422)
    with changing(admin) as work:
        there = held(work.db, application, locks=True)
        work.require_ours(there.row)
        there.row.icon, there.row.icon_version = picture, digest(picture.hex())[:12] if picture else None
        what = "picture changed" if picture else "picture removed"
        work.note(there.path, {}, {}, what=what, application_id=there.row.id)
    return go("console.application", "saved", application=application)


def removal_page(application: str) -> Response:
    """GET: what goes with it."""
    admin, there = require(Permission.MANAGE_APPLICATIONS, fresh=True), find(application)
    row = there.row
    return show(
        "console/confirm.html",
        admin,
        here="applications",
        title=_("Remove %(name)s?", name=row.name),
        sentences=[
            _("Nobody can sign in to it any more, and what it was given ends: it can renew nothing."),
            _("It can’t be undone: added again, it has another client ID and another secret. Switching it off keeps both."),
        ],
        may_go_on=not row.is_file_managed,
        typed=row.key,
        label=_("Remove the application"),
        cancel_url=url_for("console.application", application=row.key),
        back=(url_for("console.application", application=row.key), row.name),
    )


def remove(application: str) -> Response:
    """POST: with its grants and its assignments."""
    admin = require(Permission.MANAGE_APPLICATIONS, fresh=True)
    if request.form.get("typed", "").strip() != find(application).row.key:
        return go("console.application_removal", application=application)
    with changing(admin) as work:
        there = held(work.db, application, locks=True)
        work.require_ours(there.row)
        work.note(there.path, {"name": there.row.name}, {}, what="removed", application_id=there.row.id)
        work.db.delete(there.row)
    return go("console.applications", "removed")


def _page(admin: Admin, there: Held, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    row, is_changing = there.row, may_change(admin, there.row)
    sections = SAML_SECTIONS if there.is_saml else OIDC_SECTIONS
    return show(
        "console/applications/one.html",
        admin,
        here="applications",
        title=row.name,
        status=status,
        errors=errors or {},
        row=row,
        is_saml=there.is_saml,
        is_told_unproven=there.is_saml and bool((row.saml or {}).get("takes_unproven_email")),
        may_change=is_changing,
        sections=[
            (one, told(there, one), url_for("console.application_part", application=row.key, part=one.key)) for one in sections
        ],
        values=_values_for_its_side(there),
        icon_url=_icon_url(there),
        icon_form_url=url_for("console.save_application_icon", application=row.key),
        people_url=url_for("console.application_people", application=row.key),
        secret_url=url_for("console.application_secret", application=row.key) if needs_secret(row) else None,
        removal_url=url_for("console.application_removal", application=row.key),
        preview=_preview(there),
        asked_email=request.args.get("email", ""),
        back=(url_for("console.applications"), _("Applications")),
    )


def _values_for_its_side(there: Held) -> list[tuple[str, str, str]]:
    base = g.tenant.base_url
    if there.is_saml:
        return [
            ("idp-entity-id", _("Entity ID of the identity provider"), f"{base}/saml/idp/metadata"),
            ("idp-sso", _("Single sign-on address"), f"{base}/saml/idp/sso"),
            ("idp-metadata", _("Metadata address"), f"{base}/saml/idp/metadata"),
        ]
    return [
        ("issuer", _("Issuer"), g.tenant.issuer),
        ("discovery", _("Discovery address"), f"{base}/.well-known/openid-configuration"),
        ("client-id", _("Client ID"), there.row.client_id),
    ]


def _icon_url(there: Held) -> str | None:
    version = there.row.icon_version
    return url_for("home.application_icon", application=there.row.key, v=version) if version else None


def _preview(there: Held) -> Any:
    """What it would be told about the person of `?email=`: places with their claims as text, or a sentence."""
    email = request.args.get("email", "").strip()
    if not email:
        return None
    try:
        key = normalise_address(email).key
    except AddressError as error:
        return str(error)
    with g.db.reading() as db:
        account_id = db.scalars(select(Account.id).where(Account.email_key == key)).first()
        places = _places(db, there, account_id) if account_id else None
    if places is None:
        return str(_("Nobody here has this address."))
    return [
        (label, told if isinstance(told, str) else json.dumps(told, indent=2, ensure_ascii=False)) for label, told in places
    ]


def _places(db: TenantSession, there: Held, account_id: str) -> list[tuple[str, Any]] | None:
    config = g.tenant.application_by_id(there.row.id) or abort(404)
    if config.saml is not None:
        told = preview_by_saml(db, config.saml, account_id)
        if told is None:
            return None
        unproven = str(_("Nobody has confirmed the address: the person is refused, and can confirm it."))
        kept_back = (
            [(str(_("Left out, as nobody has confirmed the address")), ", ".join(told.kept_back))] if told.kept_back else []
        )
        return [(str(_("Name")), told.name or unproven), (str(_("Attributes")), told.attributes), *kept_back]
    shown = preview(db, config, account_id, (), the_broker().ports.clock.now())
    if shown is None:
        return None
    places = ((_("ID token"), shown.id_token), (_("UserInfo"), shown.userinfo), (_("Access token"), shown.access_token))
    return [(str(label), claims) for label, claims in places]

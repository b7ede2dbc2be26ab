"""The person's first page, and signing out."""

from flask import Blueprint, abort, g, make_response, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.bar import bar_of
from broker.downstream.portal import SEARCH_FROM, address_of, matching, tiles_of
from broker.look import kept
from broker.pages import SignedIn as Person
from broker.session import SignedIn, end_session, present_session
from broker.signed_out import signed_out_url, told_by_address
from broker.signin.transaction import begin
from broker.signin.upstream_logout import come_back, leave
from tenants.applications import APPLICATION_ICON
from tenants.console_roles import CONSOLE_ROLES
from tenants.logos import PNG_TYPE
from tenants.ways import LOCAL

home_pages = Blueprint("home", __name__, subdomain="tenant")


@home_pages.get("/", endpoint="home")
def home() -> Response:
    """Who is signed in and what they can open; whoever is not, signs in first."""
    person = present_session()
    if person is None:
        return begin(url_for("home.home"))
    if person.is_by_door:
        return redirect(url_for("console.home"), 303)
    tiles, query = tiles_of(person), request.args.get("q", "").strip()
    page = render_template(
        "account/signed_in.html",
        bar=bar_of(person, "home"),
        person=_person(person),
        tiles=matching(tiles, query),
        query=query,
        has_search=len(tiles) >= SEARCH_FROM,
        home_url=url_for("home.home"),
        console_url=url_for("console.home") if person.row.role in CONSOLE_ROLES else None,
    )
    return make_response(page)


@home_pages.get("/open/<application>")
def open_application(application: str) -> Response:
    """On to an application, for who is signed in; where a sign-in that began at an identity provider leads."""
    found = next((one for one in g.tenant.all_applications if one.key == application and one.is_enabled), None)
    address = address_of(found) if found is not None else None
    if found is None or address is None:
        return redirect(url_for("home.home"), 303)
    if present_session() is None:
        return begin(url_for("home.open_application", application=application), found)
    return redirect(address, 303)


@home_pages.get("/applications/<application>/icon")
def application_icon(application: str) -> FlaskResponse:
    """The picture of an application's tile: a PNG that was drawn anew here."""
    found = next((one for one in g.tenant.all_applications if one.key == application), None)
    if found is None or not found.icon_version:
        abort(404)
    with g.db.reading() as db:
        row = db.one(APPLICATION_ICON, application=found.id)
    if row is None or row.icon is None:
        abort(404)
    return kept(row.icon, PNG_TYPE, found.icon_version)


@home_pages.post("/sign-out")
def sign_out() -> Response:
    """End this browser's session."""
    person = present_session()
    if person is None:
        return redirect(url_for("home.signed_out"), 303)
    reached = end_session(person.get_id(), person.row.account_id)
    own = signed_out_url(person.get_id(), reached)
    return leave(person, own, from_form=True) or redirect(own, 303)


@home_pages.get("/signed-out")
def signed_out() -> Response:
    """The page after signing out; nothing on it signs in by itself (R4). `state`: back from a provider."""
    if state := request.args.get("state"):
        return come_back(state)
    page = render_template("signin/signed_out.html", sign_in_url=url_for("signin.again"), told=told_by_address())
    return make_response(page)


def _person(person: SignedIn) -> Person:
    row = person.row
    return Person(name=row.name, email=row.email, methods=_methods(person), at=row.auth_time)


def _methods(person: SignedIn) -> list[str]:
    names = {
        "pwd": _("Password"),
        "otp": _("Authenticator app"),
        "hwk": _("Passkey"),
        "rec": _("Recovery code"),
        "mail": _("Code by e-mail"),
        "dev": _("Trusted device"),
    }
    if person.row.method != LOCAL:
        connection = g.tenant.connections.get(person.row.method)
        names["fed"] = connection.label if connection else person.row.method
    return [names.get(proof.method, proof.method) for proof in person.proofs]

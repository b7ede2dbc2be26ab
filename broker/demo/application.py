"""A sample application: signs people in at the broker and shows what it got.

GET  /                  who is signed in, with all claims; ways to sign in
GET  /sign-in/<key>     to the organization; prompt, max_age and login_hint are handed on
GET  /callback/<key>    back from the organization
POST /refresh           new tokens by the refresh token
POST /sign-out          sign out here and at the organization
GET  /signed-out        back from there
POST /told/<key>        the organization says, from server to server, that a session is over
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Flask, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from broker.demo.relying_party import Client, Memory, RelyingParty, SignedIn, SignInError
from broker.demo.site import make_site
from tenants.ids import new_secret

HANDED_ON = ("prompt", "max_age", "login_hint")
_TIMES = frozenset({"exp", "iat", "nbf", "auth_time", "updated_at"})


def make_application(name: str, cookie: str, clients: Sequence[Client]) -> Flask:
    """The application called `name`, known to the organizations in `clients`."""
    site = make_site(name, cookie)
    party = RelyingParty(site, clients)
    sign_ins = Memory()
    _add_pages(site, party, sign_ins)
    _add_actions(site, party, sign_ins)
    _add_ear(site, party, sign_ins)

    @site.errorhandler(SignInError)
    def _failed(failure: SignInError) -> tuple[str, int]:
        return render_template("application/failed.html", failure=failure, clients=party.clients.values()), 400

    return site


def _add_pages(site: Flask, party: RelyingParty, sign_ins: Memory) -> None:
    @site.get("/")
    def front() -> str:
        signed_in: SignedIn | None = sign_ins.get(session.get("sign_in", ""))
        tables = [("ID token", _shown(signed_in.claims)), ("UserInfo", _shown(signed_in.userinfo))] if signed_in else []
        return render_template("application/front.html", signed_in=signed_in, tables=tables, clients=party.clients.values())

    @site.get("/signed-out")
    def signed_out() -> str:
        return render_template("application/signed_out.html")


def _add_actions(site: Flask, party: RelyingParty, sign_ins: Memory) -> None:
    def client_of(key: str) -> Client:
        return party.clients.get(key) or abort(404, "This application knows no such organization.")

    def current() -> SignedIn:
        signed_in: SignedIn | None = sign_ins.get(session.get("sign_in", ""))
        return signed_in or abort(400, "Nobody is signed in here any more.")

    def keep(signed_in: SignedIn) -> Response:
        sign_ins.delete(session.get("sign_in", ""))
        session["sign_in"] = new_secret()
        sign_ins.set(session["sign_in"], signed_in)
        return redirect(url_for("front"))

    @site.get("/sign-in/<key>")
    def sign_in(key: str) -> Response:
        given = {name: request.args[name] for name in HANDED_ON if request.args.get(name)}
        return party.begin(client_of(key), **given)

    @site.get("/callback/<key>")
    def callback(key: str) -> Response:
        return keep(party.finish(client_of(key)))

    @site.post("/refresh")
    def refresh() -> Response:
        return keep(party.refresh(current()))

    @site.post("/sign-out")
    def sign_out() -> Response:
        leaving = current()
        sign_ins.delete(session.pop("sign_in"))
        return party.sign_out(leaving)


def _add_ear(site: Flask, party: RelyingParty, sign_ins: Memory) -> None:
    """Back-channel logout: what the organization says from server to server."""

    @site.post("/told/<key>")
    def told(key: str) -> Response:
        client = party.clients.get(key) or abort(404, "This application knows no such organization.")
        over = party.told_of_logout(client, request.form.get("logout_token", ""))
        sign_ins.drop(lambda one: one.client.key == client.key and one.claims.get("sid") == over)
        return Response(status=200)


def _shown(claims: Any) -> list[tuple[str, str]]:
    """Claims for a table: lists with commas, times readable beside their number."""
    return [(name, _text(name, claims[name])) for name in sorted(claims)]


def _text(name: str, value: Any) -> str:
    if name in _TIMES and isinstance(value, int):
        return f"{value} ({datetime.fromtimestamp(value, UTC):%d %b %Y, %H:%M:%S} UTC)"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)

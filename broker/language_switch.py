"""Choosing a language: a page of its own, which leads back to where somebody was. Works without scripts.

The choice is the browser's (a cookie) and the person's, where one is signed in. What was typed on the page with the
address of a sign-in comes along in the form and is kept with the attempt. Back goes to pages of this URL space alone.
"""

import re
from urllib.parse import unquote, urlsplit

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.device import remember_language
from broker.foot import LONGEST_PLACE, front_url, may_be_opened, switch_endpoint
from broker.language import language, languages
from broker.session import signed_in
from broker.signin.transaction import BY_MAIL, find, take_way
from tenants.accounts import SPEAK
from tenants.addresses import AddressError, normalise_address
from tenants.languages import NAMES
from tenants.ways import LOCAL

language_pages = Blueprint("language", __name__)
_PLACE = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""Printable characters of ASCII but the backslash, which browsers take for a slash."""
_TYPED = ("email", "tx")


def choose_page() -> Response:
    """GET, or POST with what was typed: the languages that are offered."""
    page = render_template(
        "language.html",
        title=_("Choose your language"),
        tongues=[(tag, NAMES[tag], tag == language()) for tag in languages().offered],
        hidden={"back": _back()} | {name: text for name in _TYPED if (text := request.form.get(name, "")[:320])},
        form_action_url=url_for(switch_endpoint()),
        back_url=_back(),
    )
    return make_response(page)


def choose() -> Response:
    """POST: the choice, and back."""
    chosen = request.form.get("language", "")
    if chosen not in languages().offered:
        return choose_page()
    remember_language(chosen)
    if g.get("tenant") is not None:
        _keep(chosen)
        _keep_typed()
    return redirect(_back(), 303)


def _keep(chosen: str) -> None:
    """With the account of who is signed in: their mails are in this language from now on."""
    person = signed_in()
    if person is not None and person.row.language != chosen:
        with g.db.writing() as db:
            db.run(SPEAK, account=person.row.account_id, speaks=chosen)


def _keep_typed() -> None:
    """The address that was typed and not sent yet, as if it had been: the attempt goes on with it where it was."""
    try:
        address = normalise_address(request.form.get("email", ""))
    except AddressError:
        return
    transaction = find(request.form.get("tx", ""), "sign_in", *BY_MAIL)
    if transaction is not None and not transaction.proofs and not transaction.row.account_id:
        take_way(transaction, LOCAL if transaction.is_by_mail else None, email=address.text)


def _back() -> str:
    """Where to go on: a page of this URL space, whatever was asked for."""
    asked = request.values.get("back", "")
    return asked if _is_ours(asked) else front_url()


def _is_ours(place: str) -> bool:
    if len(place) > LONGEST_PLACE or not _PLACE.fullmatch(place):
        return False
    path = unquote(urlsplit(place).path)
    return path.startswith(f"{request.script_root}/") and may_be_opened(path.removeprefix(request.script_root))


for _space, _path, _endpoint in (
    (None, "/language", "platform"),
    ("tenant", "/language", "tenants"),
    ("operator", "/operator/language", "operators"),
):
    language_pages.add_url_rule(_path, _endpoint, choose_page, methods=["GET"], subdomain=_space)
    language_pages.add_url_rule(_path, f"{_endpoint}_chosen", choose, methods=["POST"], subdomain=_space)

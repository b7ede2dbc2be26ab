"""What stands at the foot of every page: its language, for who wants another one, and what the tenant has to say by law."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from flask import g, request, url_for
from flask.globals import request_ctx
from flask_babel import gettext as _

from broker.flow import current_flow
from broker.language import language, languages
from tenants.languages import NAMES

LONGEST_PLACE = 8000
_NOT_TWICE = frozenset({"signin.callback", "signin.take_saml_response", "signin.take_saml_logout"})
"""What is opened once, by a provider."""
_SWITCHES = {"tenant": "language.tenants", "operator": "language.operators"}


@dataclass(frozen=True, slots=True)
class Foot:
    """`language_url` leads to the choice of a language; None: there is none. `links`: label and address.

    `back`: the page that is shown; `form`: the one that brings it along, with what was typed in it.
    """

    language_name: str
    language_url: str | None
    back: str
    form: str
    links: Sequence[tuple[str, str]]


def foot(*, may_leave: bool = True, form: str = "") -> Foot:
    """For the page that is being made. `may_leave`: coming back later shows the same. `form`: id of the one whose address
    is kept meanwhile.

    An address that is a secret stands in no other one: without a form there is no way to another language then.
    """
    spoken, has_choice = language(), languages().has_choice and may_leave
    is_secret = "token" in (request.view_args or {}) and not g.get("ends_here")
    if not has_choice or request.blueprint == "language" or (is_secret and not form):
        return Foot(NAMES[spoken], None, "", "", _links(spoken))
    back = _place()
    url = url_for(switch_endpoint(), back=None if form else back)
    return Foot(NAMES[spoken], url, back, form, _links(spoken))


def switch_endpoint() -> str:
    """The page on which a language is chosen, in the URL space of this request."""
    return _SWITCHES.get(_space(), "language.platform")


def front_url() -> str:
    """The first page of this URL space."""
    endpoints = {"tenant": "home.home", "operator": "operator.tenants"}
    return url_for(endpoints.get(_space(), "finder.front"))


def may_be_opened(path: str) -> bool:
    """Is there a page of ours at this path, below the root of this URL space?"""
    adapter = request_ctx.url_adapter
    return adapter is not None and adapter.test(path, "GET")


def _space() -> str:
    adapter = request_ctx.url_adapter
    return (adapter.subdomain if adapter is not None else "") or ""


def _place() -> str:
    """Where somebody is who looks at this page. Where that can't be opened again: their attempt, or the first page.

    An address that ended in an error is not repeated on its page, and what is not there looks alike, hidden or not.
    """
    if request.endpoint not in _NOT_TWICE and not g.get("ends_here") and may_be_opened(request.path):
        query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
        place = f"{request.script_root}{quote(request.path)}{query}"
        if len(place) <= LONGEST_PLACE:
            return place
    flow = current_flow()
    if flow is None:
        return front_url()
    return url_for("signin.sign_in", tx=flow.tx, ended="1") if flow.is_live else url_for("signin.again", tx=flow.tx)


def _links(spoken: str) -> list[tuple[str, str]]:
    tenant = g.get("tenant")
    if tenant is None:
        return []
    labels = (("privacy", _("Privacy")), ("imprint", _("Imprint")))
    return [(label, url) for name, label in labels if (url := tenant.branding.text(name, spoken))]

"""The routing simulator: where somebody would land, and why, step by step (requirements.md, R7).

The decision is that of the sign-in pages: the same function, asked the same question. No account is looked up.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from flask import g, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import require
from broker.console.forms import Choice, FormField, marked
from broker.console.frame import show
from broker.console.route import Route
from broker.sentences import texts_of
from broker.upstream import KINDS
from tenants.addresses import Address, AddressError, normalise_address
from tenants.causes import Cause
from tenants.console_roles import Permission
from tenants.discovery import Decision, discover
from tenants.questions import question_for
from tenants.reasons import Reason
from tenants.snapshot import ApplicationConfig
from tenants.ways import LOCAL, Hints

HERE = "routing"
_DECIDING = frozenset({"route", "password_page", "only_way", "hint_connection", "choice", "no_way", "address_needed"})
"""What settles it."""
_PINS = {"route": "at", "network": "globe2", "application": "grid", "local": "key", "hint": "signpost-split"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the trail."""

    text: str
    icon: str
    is_decided: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What it comes to."""

    heading: str
    icon: str
    tone: str
    verdict: str
    others: tuple[str, ...]


def page() -> Response:
    """GET: the form, and below it what was asked for."""
    admin = require(Permission.VIEW_SETTINGS)
    typed = {name: request.args.get(name, "").strip()[:320] for name in ("address", "application", "network", "hint")}
    errors, address = _errors(typed)
    decision = None
    if request.args and not errors:
        application = _application(typed["application"])
        hints = Hints(connection=typed["hint"])
        decision = discover(question_for(g.tenant, application, address, typed["network"], hints))
    return show(
        "console/routing.html",
        admin,
        here=HERE,
        title=_("Routing simulator"),
        status=400 if errors else 200,
        fields=marked(_fields(typed), errors, "" if request.args else "address"),
        errors=errors,
        who=typed["address"] or str(_("Somebody who opens the sign-in page")),
        outcome=_outcome(decision) if decision else None,
        steps=_steps(decision, typed) if decision else (),
    )


def _errors(typed: dict[str, str]) -> tuple[dict[str, str], Address | None]:
    errors: dict[str, str] = {}
    address = None
    try:
        address = normalise_address(typed["address"]) if typed["address"] else None
    except AddressError as error:
        errors["address"] = str(error)
    try:
        ip_address(typed["network"] or "::")
    except ValueError:
        errors["network"] = str(_("Type a network address such as 192.0.2.7."))
    return errors, address


def _application(key: str) -> ApplicationConfig | None:
    return next((one for one in g.tenant.applications.values() if one.key == key), None)


def _fields(typed: dict[str, str]) -> tuple[FormField, ...]:
    none = Choice("", str(_("No application")))
    applications = sorted((Choice(one.key, one.name) for one in g.tenant.applications.values()), key=lambda one: one.label)
    ways = [Choice(one.key, one.label) for one in g.tenant.connections.values()]
    return (
        FormField("address", _("E-mail address"), value=typed["address"], help=_("Empty: what the first page does.")),
        FormField("application", _("Application"), "choice", typed["application"], choices=(none, *applications)),
        FormField("network", _("Network address"), value=typed["network"], is_mono=True, help=_("Where they sit.")),
        FormField(
            "hint", _("The application asks for"), "choice", typed["hint"],
            choices=(Choice("", str(_("Nothing"))), *ways, Choice(LOCAL, str(_("E-mail and password")))),
        ),
    )  # fmt: skip


def _outcome(decision: Decision) -> Outcome:
    others = tuple(_label(key) for key in decision.ways if key != decision.go)
    if decision.go:
        heading = _("%(name)s, straight away", name=_label(decision.go))
        return Outcome(str(heading), _icon(decision.go), "ok", str(_("Works")), others)
    if decision.cause:
        return Outcome(str(_("Nowhere: no way is left")), "x-lg", "bad", _heading(decision.cause), others)
    return Outcome(str(_("The page on which they choose")), "signpost-split", "ok", str(_("Works")), others)


def _heading(cause: Cause) -> str:
    """What they would read."""
    words = dict.fromkeys(("provider", "application", "email", "domain", "until"), "…")
    return str(texts_of(cause, None)[0]) % (words | {"organization": g.tenant.name})


def _steps(decision: Decision, typed: dict[str, str]) -> tuple[Step, ...]:
    first = Step(_("%(url)s belongs to %(name)s.", url=g.tenant.base_url, name=g.tenant.name), "building", False)
    application = _application(typed["application"])
    asked = [Step(_("%(name)s asks for a sign-in.", name=application.name), "grid", False)] if application else []
    return (first, *asked, *(_step(reason) for reason in decision.reasons))


def _step(reason: Reason) -> Step:
    icon = next((icon for part, icon in _PINS.items() if part in reason.code), "arrow-right")
    return Step(reason.sentence, icon, reason.code in _DECIDING)


def _label(key: str) -> str:
    connection = g.tenant.connections.get(key)
    return connection.label if connection else str(_("E-mail and password"))


def _icon(key: str) -> str:
    connection = g.tenant.connections.get(key)
    return (connection.icon or KINDS[connection.kind].icon) if connection else "way-local"


ROUTING_ROUTES = (Route("GET", "/routing", "routing", page),)

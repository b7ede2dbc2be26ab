"""Making a tenant: short name, address, the shared ways in, and the link for its first owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field, ValidationError
from werkzeug.wrappers import Response

from broker.operator.access import Me, require
from broker.operator.frame import show
from broker.upstream import KINDS
from broker.wiring import Broker, the_broker
from tenants.addresses import normalise_address
from tenants.connections import BEING_SAVED
from tenants.founding import Founded, Wanted, Way, found
from tenants.manifest.values import DomainName, Email, Host, Key, Line
from tenants.signing import KEYS, new_key
from tenants.tenant_life import TenantLifeError
from tenants.tenants import TENANT_COUNT_WITHOUT_HOST

_LABELS = {"entra": ("microsoft", "Microsoft"), "google": ("google", "Google")}
_EMPTY = {"name": "", "slug": "", "host": "", "domains": "", "owner": ""}


class Typed(BaseModel):
    """The form, by the same rules as the tenants file."""

    name: Line
    slug: Key
    host: Host | None = None
    domains: tuple[DomainName, ...] = Field(default=(), max_length=50)
    owner: Email


@dataclass(frozen=True, slots=True)
class Links:
    """What the first owner needs, shown once."""

    set_up: str
    door: str
    until: Any
    ways: tuple[str, ...]
    tenant_url: str


def page() -> Response:
    """GET: five fields."""
    return _form(require(fresh=True), _EMPTY)


def make() -> Response:
    """POST: the tenant, and the links."""
    me, broker = require(fresh=True), the_broker()
    values = {name: request.form.get(name, "").strip()[:2000] for name in _EMPTY}
    try:
        typed = Typed.model_validate(
            {name: text for name, text in values.items() if text} | {"domains": values["domains"].replace(",", " ").split()}
        )
    except ValidationError as error:
        return _form(me, values, _errors(error))
    if objection := _objection(broker, typed):
        return _form(me, values, objection)
    wanted = Wanted(
        typed.slug, typed.name, typed.host, normalise_address(typed.owner), typed.domains, shared_ways(broker, typed.domains)
    )
    keys = {algorithm: new_key(algorithm) for algorithm in KEYS}
    try:
        made = found(broker.db, broker.vault, wanted, keys, broker.ports.clock.now(), me.by)
    except TenantLifeError as fault:
        return _form(me, values, {"slug": _(str(fault))})
    return _made(me, wanted, made)


def shared_ways(broker: Broker, domains: tuple[str, ...]) -> tuple[Way, ...]:
    """The operator's registrations as connections; Google's needs to know the organization's domains."""
    made = []
    for kind in broker.shared:
        options: dict[str, Any] = {"registration": "shared"}
        if "domains" in KINDS[kind].options_type.model_fields:
            options["domains"] = list(domains)
        try:
            KINDS[kind].options_type.model_validate(options, context={BEING_SAVED: True})
        except ValidationError:
            continue
        key, label = _LABELS.get(kind, (kind, kind.capitalize()))
        made.append(Way(kind, key, label, options))
    return tuple(made)


def _objection(broker: Broker, typed: Typed) -> dict[str, str]:
    settings = broker.settings
    if typed.host in {settings.main_host, settings.operator_host}:
        return {"host": _("This host is the installation’s own. A tenant needs another one.")}
    if typed.host is None and not settings.allow_shared_origin and _is_path_taken(broker):
        return {
            "host": _("Another tenant has its address on the main host, and they would share one origin. Give this one a host.")
        }
    if typed.host is None and not settings.operator_host and not settings.allow_operator_beside_tenants:
        return {
            "host": _("The operator console is on the main host, which then serves no tenant. Give this one a host of its own.")
        }
    return {}


def _is_path_taken(broker: Broker) -> bool:
    return bool(broker.db.look_up(TENANT_COUNT_WITHOUT_HOST))


def _errors(error: ValidationError) -> dict[str, str]:
    found_: dict[str, str] = {}
    for details in error.errors(include_url=False, include_input=False):
        text = details["msg"].removeprefix("Value error, ")
        sentence = _("This is needed.") if details["type"] == "missing" else f"{text[:1].upper()}{text[1:]}"
        found_.setdefault(str(details["loc"][0]), sentence)
    return found_


def _form(me: Me, values: Mapping[str, str], errors: Mapping[str, str] | None = None) -> Response:
    return show(
        "operator/new-tenant.html",
        me,
        here="tenants",
        title=_("New tenant"),
        status=400 if errors else 200,
        values=values,
        errors=errors or {},
        base_url=the_broker().settings.base_url,
        kinds=sorted(_LABELS.get(kind, (kind, kind))[1] for kind in the_broker().shared),
        back=(url_for("operator.tenants"), _("Tenants")),
    )


def _made(me: Me, wanted: Wanted, made: Founded) -> Response:
    base = the_broker().snapshots.base_url(wanted.slug, wanted.host)
    links = Links(
        set_up=f"{base}/activate/door/{made.link_token}",
        door=f"{base}/door/{made.door_secret}",
        until=made.link_until,
        ways=tuple(way.label for way in wanted.ways),
        tenant_url=url_for("operator.tenant", slug=wanted.slug),
    )
    back = (url_for("operator.tenants"), _("Tenants"))
    return show(
        "operator/tenant-made.html",
        me,
        here="tenants",
        title=_("%(name)s is there", name=wanted.name),
        links=links,
        owner=wanted.owner.text,
        back=back,
    )

"""Samples of the operator console's pages."""

from dataclasses import replace
from typing import Any

from broker.operator.events import EventLine
from broker.operator.frame import Frame, Line, Part
from broker.operator.health import Registration, State
from broker.operator.new_tenant import Links
from broker.operator.tenant_page import TenantFacts
from broker.operator.tenants_list import TenantLine
from tests.support.samples import AT, Sample

_MENU = (
    Part("", (Line("Tenants", "/operator/", "building", True), Line("Health", "/operator/health", "shield-check", False))),
)
_FRAME = Frame("Olga Operator", _MENU, "/operator/", "/operator/sign-out", None, "")
_ACME = TenantLine("acme", "Northwind", "https://login.acme.example", "Active", "ok", AT, "/operator/tenant/acme")
_FACTS = TenantFacts(_ACME, ("login.acme.example", "sso.acme.example"), False, True, False, False, None, False, False, False)
_GONE = replace(
    _FACTS, line=replace(_ACME, state="Deleted", tone="bad"), is_active=False, is_deleted=True, erase_at=AT,
    is_file_managed=True, has_failed_mail=True, is_log_broken=True,
)  # fmt: skip
_URLS = {name: f"/operator/tenant/acme/{name}" for name in ("suspend", "resume", "delete", "take_back", "owner", "look_in")}
_BACK = ("/operator/", "Tenants")
_VALUES = {"name": "", "slug": "", "host": "", "domains": "", "owner": ""}
_LINK = "https://operator.login.example/operator/set-up/abc"
_OPERATORS = [
    {
        "name": "Olga Operator", "email": "olga@login.example", "is_on": True, "is_set_up": True, "link_until": None,
        "last_login_at": AT, "url": "/operator/operators/opr_1",
    },
    {
        "name": "otto@login.example", "email": "otto@login.example", "is_on": True, "is_set_up": False, "link_until": AT,
        "last_login_at": None, "url": "/operator/operators/opr_2",
    },
    {
        "name": "Orla", "email": "orla@login.example", "is_on": False, "is_set_up": True, "link_until": None,
        "last_login_at": AT, "url": "/operator/operators/opr_3",
    },
]  # fmt: skip
_SETTINGS = "BROKER_GOOGLE_CLIENT_ID, BROKER_GOOGLE_CLIENT_SECRET"


def _page(template: str, title: str, frame: Frame = _FRAME, **values: Any) -> Sample:
    return Sample(f"operator/{template}.html", {"frame": frame, "title": title, "errors": {}} | values, tenant=False)


def _tenants(tenants: list[TenantLine], sought: str = "", **values: Any) -> Sample:
    more = {"previous_url": None, "next_url": None, "all_url": "/operator/", "new_url": "/operator/new"} | values
    return _page("tenants", "Tenants", tenants=tenants, sought=sought, **more)


def _sign_in(title: str, email: str = "", error: str = "", *, is_again: bool = False) -> Sample:
    errors = {"email": error} if error else {}
    context = {"title": title, "email": email, "errors": errors, "is_again": is_again}
    return Sample("operator/sign-in.html", context, tenant=False)


def _set_up(**values: Any) -> Sample:
    context = {
        "email": "olga@login.example", "asks_email": False, "name": "", "seed": "JBSW Y3DP EHPK 3PXP", "minimum": 15,
        "seed_url": "otpauth://totp/Operator:olga?secret=JBSWY3DPEHPK3PXP", "errors": {},
    }  # fmt: skip
    return Sample("operator/set-up.html", context | values, tenant=False)


def _new(values: dict[str, str], errors: dict[str, str], kinds: list[str]) -> Sample:
    more = {"base_url": "https://login.example", "kinds": kinds, "back": _BACK}
    return _page("new-tenant", "New tenant", values=_VALUES | values, errors=errors, **more)


OPERATOR_SAMPLES: dict[str, Sample] = {
    "operator-sign-in": _sign_in("Sign in as an operator"),
    "operator-sign-in-wrong": _sign_in("Sign in as an operator", "olga@login.example", "That is not right."),
    "operator-confirm": _sign_in("Confirm that it’s you", is_again=True),
    "operator-set-up": _set_up(),
    "operator-set-up-first": _set_up(email="", asks_email=True),
    "operator-set-up-wrong": _set_up(name="Olga", errors={"new_password": "At least 15 characters"}),
    "operator-tenants": _tenants([_ACME, replace(_ACME, slug="lumen", name="Lumen", state="Suspended", tone="warn")]),
    "operator-tenants-page": _tenants([_ACME], previous_url="/operator/?before=acme", next_url="/operator/?after=acme"),
    "operator-tenants-nothing-found": _tenants([], "zzz"),
    "operator-tenants-none": _tenants([]),
    "operator-tenant": _page("tenant", "Northwind", replace(_FRAME, done="Resumed."), tenant=_FACTS, urls=_URLS, back=_BACK),
    "operator-tenant-deleted": _page("tenant", "Northwind", tenant=_GONE, urls=_URLS, back=_BACK),
    "operator-tenant-may-look": _page(
        "tenant", "Northwind", tenant=replace(_FACTS, may_look_in=True), urls=_URLS, back=_BACK
    ),
    "operator-look-in": _page("look-in", "Look into the console", reason="", url="", back=_BACK),
    "operator-look-in-wrong": _page(
        "look-in", "Look into the console", reason="", url="", back=_BACK, errors={"reason": "Say why in one line."}
    ),
    "operator-look-in-made": _page("look-in", "Look into the console", reason="x", url=_LINK, back=_BACK),
    "operator-owner": _page("owner", "Link for an owner", email="", links=None, until=None, back=_BACK),
    "operator-owner-unknown": _page(
        "owner", "Link for an owner", email="x@acme.example", links=None, until=None, back=_BACK,
        errors={"email": "There is no account with this address in this tenant."},
    ),
    "operator-owner-made": _page(
        "owner", "Link for an owner", email="ada@acme.example", until=AT, back=_BACK,
        links=("https://login.acme.example/activate/door/abc", "https://login.acme.example/door/def"),
    ),
    "operator-new-tenant": _new({}, {}, ["Google", "Microsoft"]),
    "operator-new-tenant-wrong": _new({"name": "Acme", "slug": "A C"}, {"slug": "Must be small letters."}, []),
    "operator-tenant-made": _page(
        "tenant-made", "Acme is there", owner="ada@acme.example", back=_BACK,
        links=Links(
            "https://login.acme.example/activate/door/abc", "https://login.acme.example/door/def", AT, ("Microsoft",),
            "/operator/tenant/acme",
        ),
    ),
    "operator-health": _page(
        "health", "Health",
        states=[State("Database", "ok", "SQLite", "It answers."), State("Audit logs", "bad", "Tampered with", "Look.")],
        jobs=[State("lifecycle", "ok", "On time", "Last done: 21 Nov 2026, 02:00 UTC")],
        registrations=[
            Registration("Microsoft Entra", "5ba7ed00-0000-4000-8000-00000000e47a", "https://login.example/callback/entra", ""),
            Registration("Google", "", "https://login.example/callback/google", _SETTINGS),
        ],
    ),
    "operator-health-of-a-new-one": _page("health", "Health", states=[], jobs=[], registrations=[]),
    "operator-events": _page(
        "events", "Log", event="", is_all=False, choices=[("", "Everything"), ("tenant.created", "tenant.created")],
        first_url=None, next_url="/operator/log?before=1~evt_1",
        events=[
            EventLine(AT, "tenant.created", "olga@login.example", "tenant: acme", "192.0.2.1", 7),
            EventLine(AT, "audit.broken", "", "detail: entry 5", "", None),
        ],
    ),
    "operator-events-none": _page(
        "events", "Log", event="", is_all=True, choices=[("", "Everything")], first_url="/operator/log", next_url=None,
        events=[],
    ),
    "operator-operators": _page("operators", "Operators", operators=_OPERATORS, invite_url="/operator/operators/new"),
    "operator-invite": _page("invite", "Invite an operator", email="", link="", back=_BACK),
    "operator-invite-wrong": _page(
        "invite", "Invite an operator", email="x", link="", back=_BACK, errors={"email": "An e-mail address has exactly one @."}
    ),
    "operator-invite-made": _page("invite", "Invite an operator", email="otto@login.example", link=_LINK, back=_BACK),
}  # fmt: skip

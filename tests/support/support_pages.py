"""Samples of the pages about support access, and of the console while an operator looks in."""

from dataclasses import replace
from types import SimpleNamespace

from broker.console.forms import Choice, FormField
from broker.support import Visit
from tests.support.console_frame import FRAME, console_page
from tests.support.samples import AT, Sample

_GRANT = SimpleNamespace(expires_at=AT, note="Ticket 4711")
_VISITS = [SimpleNamespace(operator_name="Olga Operator", opened_at=AT, reason="Ticket 4711: nobody can sign in")]
_FIELDS = [
    FormField("hours", "For how long", "choice", "4", choices=(Choice("4", "4 hours"),), is_required=True),
    FormField("note", "What for", help="They read it before they look in."),
]
_ALL = {
    "grant": None, "granted_by": "", "visits": [], "fields": _FIELDS, "may_change": True, "form_url": "/console/support",
}  # fmt: skip
_WRONG = [replace(_FIELDS[0], error="Choose one of these.", is_focused=True), _FIELDS[1]]
_LOOKING = replace(FRAME, name="Olga Operator", portal_url=None, visit_until=AT)
_VISIT = Visit(SimpleNamespace(operator_name="Olga Operator", expires_at=AT))  # type: ignore[arg-type]  # stands for a row

SUPPORT_SAMPLES: dict[str, Sample] = {
    "console-support": console_page("support.html", "Support access", **_ALL),
    "console-support-wrong": console_page(
        "support.html", "Support access", **(_ALL | {"fields": _WRONG, "errors": {"hours": "Choose one of these."}})
    ),
    "console-support-granted": console_page(
        "support.html", "Support access", **(_ALL | {"grant": _GRANT, "granted_by": "Ada", "visits": _VISITS})
    ),
    "console-support-looked-at": console_page(
        "support.html", "Support access", _LOOKING, **(_ALL | {"grant": _GRANT, "granted_by": "Ada", "may_change": False})
    ),
    "support-enter": Sample("console/support_enter.html", {"title": "Look into this console", "visit": _VISIT}),
    "support-left": Sample("console/support_left.html", {"title": "You have left this console"}),
}

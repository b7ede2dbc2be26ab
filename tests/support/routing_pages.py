"""Samples of the routing simulator."""

from dataclasses import replace

from broker.console.forms import Choice, FormField
from broker.console.routing import Outcome, Step
from tests.support.console_frame import console_page
from tests.support.samples import EMAIL, Sample

_FIELDS = [
    FormField("address", "E-mail address", value=EMAIL, is_focused=True),
    FormField(
        "application", "Application", "choice", "", choices=(Choice("", "No application"), Choice("x", "Travel Expenses"))
    ),
    FormField("network", "Network address", value="192.0.2.7", is_mono=True),
]
_STEPS = (
    Step("https://login.example/t/acme belongs to Acme Group.", "building", False),
    Step("Google can be used only from its own networks, and this is none.", "globe2", False),
    Step("acme.example enforces Microsoft, so the person goes straight there.", "at", True),
)
_GOES = Outcome("Microsoft, straight away", "way-microsoft", "ok", "Works", ("Google", "E-mail and password"))
_STUCK = Outcome("Nowhere: no way is left", "x-lg", "bad", "Use another way to sign in", ())
_WRONG = "An e-mail address has exactly one @."

ROUTING_SAMPLES: dict[str, Sample] = {
    "routing": console_page("routing.html", "Routing simulator", fields=_FIELDS, who=EMAIL, outcome=None, steps=()),
    "routing-goes": console_page("routing.html", "Routing simulator", fields=_FIELDS, who=EMAIL, outcome=_GOES, steps=_STEPS),
    "routing-stuck": console_page("routing.html", "Routing simulator", fields=_FIELDS, who=EMAIL, outcome=_STUCK, steps=_STEPS),
    "routing-wrong": console_page(
        "routing.html",
        "Routing simulator",
        fields=[replace(_FIELDS[0], value="jane", error=_WRONG), *_FIELDS[1:]],
        errors={"address": _WRONG},
        who="",
        outcome=None,
        steps=(),
    ),
}

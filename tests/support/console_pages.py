"""Samples of the console: its frame, and the pages that stand alone. Each set of pages has a file of its own."""

from dataclasses import replace
from typing import Any

from broker.console.attention import Need
from broker.console.chart import Bar, Chart, Line
from broker.console.standing import FailureLine, WayLine
from tests.support.connection_console_pages import CONNECTION_CONSOLE_SAMPLES
from tests.support.console_frame import FRAME, console_page
from tests.support.domain_pages import DOMAIN_SAMPLES
from tests.support.routing_pages import ROUTING_SAMPLES
from tests.support.samples import AT, EMAIL, Sample

_CHART = Chart(
    bars=tuple(
        Bar(72 + 40.6 * day, 84 + 40.6 * day, 140 - 7.0 * day, 26 + 7.0 * day, 133 - 7.0 * day, 5.5, str(day + 8), day % 2 == 0)
        for day in range(14)
    ),
    lines=(Line(166, ""), Line(119.3, "500"), Line(72.7, "1,000"), Line(26, "1,500")),
    sentence="Sign-ins per day from 8 Nov to 21 Nov: 13,100 worked, 584 failed.",
    total=13684,
    percent=96,
)
_HOME: dict[str, Any] = {
    "needs": [
        Need("plug", "bad", "Google has failed 7 times since it last worked", "invalid_client", "/c/google", "See why"),
        Need(
            "clock-history", "warn", "A certificate of Acme company login runs out", "It ends in 12 days.", "/c/saml", "Review"
        ),
    ],
    "ways": [
        WayLine("Microsoft", "way-microsoft", "ok", "Works"),
        WayLine("Google", "way-google", "bad", "Failing"),
        WayLine("E-mail and password", "way-local", "", "Off"),
    ],
    "failures": [
        FailureLine(AT, "connection_misconfigured", "This way isn’t set up correctly", "K7QF-29XM", "Microsoft", "/reference"),
        FailureLine(AT, "credentials_invalid", "That didn’t match", "", "", ""),
    ],
    "sees_all": True,
    "connections_url": "/console/connections",
}
_BACK = ("/console/connections", "Connections")
_OFF = console_page(
    "confirm.html",
    "Switch Microsoft off?",
    sentences=["37 people have no other way to sign in.", "Sessions that are open stay open."],
    label="Switch off and shut 37 people out",
    cancel_url="/console/connections",
    back=_BACK,
    typed="37",
)

CONSOLE_SAMPLES: dict[str, Sample] = (
    {
        "console-home": console_page("home.html", "Home", chart=_CHART, **_HOME),
        "console-home-by-door": console_page(
            "home.html", "Home", replace(FRAME, name=EMAIL, portal_url=None, door_until=AT), chart=None, **_HOME
        ),
        "console-home-of-nothing": console_page(
            "home.html", "Home", replace(FRAME, done="Saved."), chart=None, **_HOME | {"needs": [], "failures": []}
        ),
        "console-home-of-a-helpdesk": console_page("home.html", "Home", chart=None, **_HOME | {"needs": [], "sees_all": False}),
        "console-confirm": _OFF,
        "console-confirm-not-typed": replace(
            _OFF, context=_OFF.context | {"errors": {"typed": "Type the number that stands above."}}
        ),
        "console-confirm-nothing-to-do": console_page(
            "confirm.html",
            "Delete Microsoft?",
            sentences=["It is enforced for acme.example: set that domain to preferred, or lead it elsewhere, first."],
            label="",
            may_go_on=False,
            instead=("/console/domains", "Go to the domains"),
            cancel_url="/console/connections",
            back=_BACK,
        ),
    }
    | CONNECTION_CONSOLE_SAMPLES
    | DOMAIN_SAMPLES
    | ROUTING_SAMPLES
)

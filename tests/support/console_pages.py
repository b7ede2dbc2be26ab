"""Samples of the console: its frame, and the pages that stand alone. Each set of pages has a file of its own."""

from dataclasses import replace

from broker.console.standing import DomainLine, FailureLine, Status, WayLine
from tests.support.connection_console_pages import CONNECTION_CONSOLE_SAMPLES
from tests.support.console_frame import FRAME, console_page
from tests.support.domain_pages import DOMAIN_SAMPLES
from tests.support.routing_pages import ROUTING_SAMPLES
from tests.support.samples import AT, EMAIL, Sample

STATUS = Status(
    ways=[
        WayLine("Microsoft", "entra", True, "First in 192.0.2.0/24", last_used_at=AT),
        WayLine("Google", "google", True, is_ailing=True, failures=7, last_used_at=AT),
        WayLine("Acme company login", "saml", False, "Only from 10.0.0.0/8"),
        WayLine("E-mail and password", "", True),
    ],
    domains=[DomainLine("acme.example", "Sent to Microsoft", True), DomainLine("partner.example", "Let in", False)],
    has_users=True,
    failures=[
        FailureLine(AT, "connection_misconfigured", "This way to sign in isn’t set up correctly", "K7QF-29XM", "Microsoft"),
        FailureLine(AT, "credentials_invalid", "That didn’t match", "", ""),
    ],
)
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
        "console-home": console_page("home.html", "Home", standing=STATUS),
        "console-home-by-door": console_page(
            "home.html", "Home", replace(FRAME, name=EMAIL, portal_url=None, door_until=AT), standing=STATUS
        ),
        "console-home-of-nothing": console_page(
            "home.html",
            "Home",
            replace(FRAME, done="Saved."),
            standing=Status(ways=STATUS.ways[2:], domains=[], has_users=False, failures=[]),
        ),
        "console-confirm": _OFF,
        "console-confirm-not-typed": replace(
            _OFF, context=_OFF.context | {"errors": {"typed": "Type the number that stands above."}}
        ),
        "console-confirm-nothing-to-do": console_page(
            "confirm.html",
            "Switch Microsoft off?",
            sentences=["No owner or admin would have a way in any more. Give them another one first."],
            label="",
            may_go_on=False,
            cancel_url="/console/connections",
            back=_BACK,
        ),
    }
    | CONNECTION_CONSOLE_SAMPLES
    | DOMAIN_SAMPLES
    | ROUTING_SAMPLES
)

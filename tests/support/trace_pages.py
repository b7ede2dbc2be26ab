"""Samples of the page that a helpdesk sees."""

from dataclasses import replace

from broker.trace_page import Seen
from tests.support.samples import AT, Sample

_GROUPS = ", ".join(f"0f5b1c9e-33aa-4f0b-9c55-0000000000{number:02}" for number in range(12))
SEEN = Seen(
    heading="We don’t know your account",
    cause="account_unknown",
    detail="Nobody of this directory is known here; newcomers are not let in.",
    reference="K7QF-29XM",
    at=AT,
    way="Microsoft",
    application="Travel Expenses",
    steps=("Nobody has come with this subject before.", "Newcomers are not let in by this connection."),
    received=(
        ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "jane.doe@acme.example"),
        ("preferred_username", "<script>alert(1)</script>"),
        ("groups", _GROUPS),
        ("access_token", "(removed)"),
        ("email_verified", "false"),
    ),
    until=AT,
)
BARE = replace(SEEN, way="", application="", detail="", steps=(), received=())
TRACE_SAMPLES = {
    "trace": Sample("trace/trace.html", {"seen": SEEN}),
    "trace-of-nothing": Sample("trace/trace.html", {"seen": BARE}),
}

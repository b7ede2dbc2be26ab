"""Samples of the pages about applications: consent, and what became of them after signing out."""

from broker.scope_words import ScopeLine
from tenants.logouts import Told
from tests.support.samples import EMAIL, Sample

LINES = (
    ScopeLine("fingerprint", "Know that it is you, each time you sign in", "openid"),
    ScopeLine("envelope", "See your e-mail address", "email"),
    ScopeLine("key", "Use “travel:read”", "travel:read"),
)
TOLD = (
    Told("Travel Expenses", is_confirmed=True),
    Told("Desk Reservation", is_confirmed=True),
    Told("An Application With A Rather Long Name", is_on_its_way=True),
    Told("Wiki"),
)

APPLICATION_SAMPLES = {
    "application-consent": Sample(
        "downstream/consent.html",
        {
            "application_name": "Partner Portal",
            "email": EMAIL,
            "lines": LINES,
            "request_text": "client_id=partner&scope=openid",
            "form_action_url": "/oidc/consent",
        },
        form_target="https://partner.example/callback",
    ),
    "signed-out-everywhere": Sample("signin/signed_out.html", {"sign_in_url": "/sign-in", "told": TOLD}),
}

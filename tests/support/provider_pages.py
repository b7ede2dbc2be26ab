"""Samples of the pages about approvals at a provider, and for people who are stuck there."""

from broker.help.reading import look_up
from tests.support.samples import Sample

DIRECTORY = "5f9b1c3e-2f7a-4c58-9d0e-6a1b2c3d4e5f"
LINK = "https://login.example/t/acme/consent/m3p0Zk9v7QeJx1TtWc5oYbR2uLdNfHaSgKiE8sXqVwA"
RESULT = {
    "provider": "Microsoft",
    "key": "microsoft",
    "directory": DIRECTORY,
    "domain": "acme.example",
    "proof": "proof",
    "sign_in_url": "/sign-in",
    "test_url": "",
    "form_action_url": "/consent/confirm",
}
STUCK = {"provider": "Microsoft", "looked": None, "helper": "organization", "max_length": 4000}
PASTED = f"AADSTS50105: Your administrator has configured … Correlation ID: {DIRECTORY}"

PROVIDER_SAMPLES = {
    "consent": Sample("signin/consent.html", {"provider": "Microsoft", "link": LINK, "reads_groups": True}),
    "consent-few": Sample("signin/consent.html", {"provider": "Microsoft", "link": LINK, "reads_groups": False}),
    **{f"consent-{one}": Sample("signin/consent_result.html", RESULT | {"outcome": one}) for one in ("confirm", "waits")},
    "consent-accepted": Sample("signin/consent_result.html", RESULT | {"outcome": "accepted", "domain": ""}),
    "consent-accepted-before-its-test": Sample(
        "signin/consent_result.html", RESULT | {"outcome": "accepted", "sign_in_url": "", "test_url": "/console/x/test"}
    ),
    "stuck": Sample("help/stuck.html", STUCK),
    "stuck-explained": Sample("help/stuck.html", STUCK | {"looked": look_up("microsoft", PASTED), "helper": "directory"}),
    "stuck-by-oneself": Sample(
        "help/stuck.html", STUCK | {"looked": look_up("google", "Error 403: org_internal"), "helper": "self"}
    ),
    "stuck-unknown": Sample("help/stuck.html", STUCK | {"looked": look_up("microsoft", "AADSTS1234567")}),
}

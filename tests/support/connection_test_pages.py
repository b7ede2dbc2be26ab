"""Samples of a test sign-in's pages: the link, what worked, what was refused, and where nothing came back."""

from tenants.connection_results import ClaimLine, Result
from tests.support.samples import AT, EMAIL, Sample

_SAML_NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
_WORKED = Result(
    act="sign_in",
    issuer="https://login.acme.example/8f2d0b7c-1f8e-4a3e-8a5b-90d1f0b3c611/v2.0",
    subject="8f2d0b7c-1f8e-4a3e-8a5b-90d1f0b3c611",
    email=EMAIL,
    name="Jane Doe",
    account=EMAIL,
    claims=(
        ClaimLine("iss", "https://login.acme.example/8f2d0b7c-1f8e-4a3e-8a5b-90d1f0b3c611/v2.0", "issuer"),
        ClaimLine("sub", "8f2d0b7c-1f8e-4a3e-8a5b-90d1f0b3c611", "subject"),
        ClaimLine("email", EMAIL, "email"),
        ClaimLine(_SAML_NAME, EMAIL),
        ClaimLine("amr", "pwd, mfa", "amr"),
        ClaimLine("groups", "not sent", "groups"),
    ),
    reasons=("This subject of the connection belongs to an account.", "The account is active."),
    proof="domain_owner",
    proof_reason="acme.example is proven and belongs to this connection.",
    groups=("staff: group Staff.", "board: no rule names it."),
    given=("Staff",),
    role="helpdesk",
    factor="The provider says that a second factor was used (pwd mfa); it counts.",
    reference="K7QF-29XM",
)
WORKED = {
    "name": "Microsoft",
    "number": 4,
    "at": AT,
    "result": _WORKED,
    "heading": "The test sign-in worked",
    "outcome": f"Would sign in to the account {EMAIL}.",
    "cause": None,
    "why": "",
    "advice": "",
    "more": [],
}
FAILED = {
    "heading": "The test sign-in failed",
    "cause": "upstream_response_invalid",
    "why": "The answer of Microsoft can’t be trusted",
    "advice": "The detail below names what didn’t fit. Compare it with the provider’s settings.",
    "outcome": "",
    "more": [("Its code", "AADSTS700016"), ("In its words", "The application was not found in the directory.")],
    "result": Result(act="failed", detail="aud", reference="K7QF-29XM"),
}
TEMPLATE = "signin/connection_test_result.html"

CONNECTION_TEST_SAMPLES = {
    "connection-test": Sample(
        "signin/connection_test.html", {"name": "Microsoft", "number": 4, "form_action_url": "/sign-in/test/x"}
    ),
    "connection-test-worked": Sample(TEMPLATE, WORKED),
    "connection-test-failed": Sample(TEMPLATE, WORKED | FAILED),
}

"""What a provider's word on a sign-in counts for: tables (SF-12)."""

import pytest

from tenants.assurance import WORTHLESS, Context, context_of, shows_factor

SAML = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
REFEDS = "https://refeds.org/profile/mfa"


@pytest.mark.parametrize(
    ("amr", "acr", "counted", "shown"),
    [
        ((), None, {"mfa"}, False),
        (("pwd", "mfa"), None, {"mfa"}, True),
        (("pwd", "otp"), None, {"mfa"}, False),
        (("MFA", "mfa ", "no-mfa"), None, {"mfa"}, False),
        ((), "mfa", {"mfa"}, True),
        ((), REFEDS, {"mfa"}, False),
        ((), REFEDS, {"mfa", REFEDS}, True),
        ((), f"{REFEDS}/", {REFEDS}, False),
        (("mfa",), None, set(), False),
        *(((word,), word, {word, "mfa"}, False) for word in sorted(WORTHLESS)),
        ((), f"{SAML}unspecified", {f"{SAML}unspecified"}, False),
        ((), f"{SAML}TimeSyncToken", {f"{SAML}TimeSyncToken"}, True),
    ],
)
def test_sf12_only_what_the_connection_counts_is_a_second_factor(amr, acr, counted, shown):
    assert shows_factor(amr, acr, counted) is shown


@pytest.mark.parametrize(
    ("demanded", "acr", "amr", "counted", "context"),
    [
        (None, None, (), {"mfa"}, Context.MET),
        ("", "x", (), {"mfa"}, Context.MET),
        ("gold", "gold", (), {"mfa"}, Context.MET),
        ("gold silver", "silver", (), {"mfa"}, Context.MET),
        ("gold", None, (), {"mfa"}, Context.MISSED),
        ("gold", "gold silver", (), {"mfa"}, Context.MISSED),
        ("gold", "Gold", (), {"mfa"}, Context.MISSED),
        ("gold", "silver", ("mfa",), {"mfa"}, Context.MISSED),
        ("gold", None, (), {"mfa", "gold"}, Context.FACTOR_OWED),
        ("gold", None, ("mfa",), {"mfa", "gold"}, Context.MET),
        ("gold silver", None, (), {"gold"}, Context.MISSED),
        ("pwd", None, (), {"pwd"}, Context.MISSED),
        (f"{SAML}unspecified", None, (), {f"{SAML}unspecified"}, Context.MISSED),
    ],
)
def test_sf12_demanded_context_comes_back_or_is_missed(demanded, acr, amr, counted, context):
    assert context_of(demanded, acr, amr, counted) is context

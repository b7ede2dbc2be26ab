"""Codes of the authenticator app: which are good, and what the app is given."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from broker.factors import totp

# RFC 6238, appendix B, cut to the last six digits.
SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_of_the_standard(seconds, code):
    assert totp.matching_step(SEED, code, at(seconds)) == seconds // 30


@pytest.mark.parametrize(("drift", "is_good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_one_step_of_drift_either_way(drift, is_good):
    code = pyotp.TOTP(SEED).at(at(1_800_000_000 + drift))
    step = totp.matching_step(SEED, code, at(1_800_000_000))
    assert step == ((1_800_000_000 + drift) // 30 if is_good else None)


def test_blanks_do_not_matter():
    assert totp.matching_step(SEED, " 287 082\n", at(59)) == 1


@pytest.mark.parametrize("typed", ["", "28708", "2870822", "٢٨٧٠٨٢", "28708a", "²87082", "-87082", "2870 8２", "\0" * 6])
def test_anything_else_is_no_code(typed):
    assert totp.matching_step(SEED, typed, at(59)) is None


def test_seeds_are_fresh_and_have_160_bits():
    seeds = {totp.new_seed() for _ in range(50)}
    assert len(seeds) == 50
    assert {len(seed) for seed in seeds} == {32}


def test_address_for_the_app_names_organization_and_account():
    url = urlsplit(totp.enrolment_url(SEED, "jo+x@acme.example", "Acme & Söhne: Ltd"))
    assert (url.scheme, url.netloc) == ("otpauth", "totp")
    assert unquote(url.path).endswith("jo+x@acme.example")
    assert parse_qs(url.query)["secret"] == [SEED]
    assert parse_qs(url.query)["issuer"] == ["Acme & Söhne: Ltd"]


def test_code_is_good_for_at_most_ninety_seconds():
    code = pyotp.TOTP(SEED).at(at(1_800_000_000))
    good = [s for s in range(-120, 121) if totp.matching_step(SEED, code, at(1_800_000_000) + timedelta(seconds=s))]
    assert len(good) == 90

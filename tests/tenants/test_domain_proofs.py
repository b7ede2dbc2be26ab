"""What a look at a domain's record means, and which domains can be proven: tables."""

from datetime import UTC, datetime, timedelta

import pytest

from tenants.domain_proofs import DNS, GRACE, Holding, Look, ProofError, decide_look, provable

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OURS = Holding(is_ours=True, method=DNS)
FAILING = Holding(is_ours=True, method=DNS, failing_since=NOW - timedelta(days=3))
OVERDUE = Holding(is_ours=True, method=DNS, failing_since=NOW - GRACE)
ALMOST = Holding(is_ours=True, method=DNS, failing_since=NOW - GRACE + timedelta(seconds=1))
WORD = Holding(is_ours=True, method="operator")
THEIRS = Holding(is_ours=False, method=DNS)
THEIR_WORD = Holding(is_ours=False, method="operator")
THEIRS_OVERDUE = Holding(is_ours=False, method=DNS, failing_since=NOW - 2 * GRACE)


@pytest.mark.parametrize(
    ("holding", "found", "missing"),
    [
        pytest.param(None, Look.PROVEN, Look.ABSENT, id="nobody's yet"),
        pytest.param(OURS, Look.CONFIRMED, Look.MISSING, id="ours"),
        pytest.param(FAILING, Look.BACK, Look.STILL_MISSING, id="ours, missing for three days"),
        pytest.param(ALMOST, Look.BACK, Look.STILL_MISSING, id="ours, missing for nearly seven days"),
        pytest.param(OVERDUE, Look.BACK, Look.LOST, id="ours, missing for seven days"),
        pytest.param(WORD, Look.BY_RECORD, Look.VOUCHED, id="ours by the operator's word"),
        pytest.param(THEIRS, Look.CONFLICT, Look.ABSENT, id="another tenant's"),
        pytest.param(THEIR_WORD, Look.CONFLICT, Look.ABSENT, id="another tenant's by the operator's word"),
        pytest.param(THEIRS_OVERDUE, Look.CONFLICT, Look.ABSENT, id="another tenant's, until it has ended"),
    ],
)
def test_what_a_look_means(holding: Holding | None, found: Look, missing: Look) -> None:
    assert decide_look(True, holding, NOW) is found
    assert decide_look(False, holding, NOW) is missing


def is_provable(text: str) -> bool:
    try:
        provable(text)
    except ProofError:
        return False
    return True


def test_a_domain_is_proven_under_one_name_however_it_was_typed() -> None:
    spelled = ("acme.example", " ACME.example. ", "*.acme.example", "acme。example", "ａｃｍｅ.example")
    assert {provable(text) for text in spelled} == {"acme.example"}
    assert provable("bücher.example") == "xn--bcher-kva.example"


def test_rt05_public_domains_and_what_is_none_can_not_be_proven() -> None:
    typed = ("gmail.com", "GMAIL.com.", "*.gmail.com", "ｇｍａｉｌ.com", "outlook.com", "web.de")
    typed += ("", "acme", "10.0.0.1", "a b.example", "*.*.acme.example", "acme.example/x", "jane@acme.example", "x" * 2000)
    typed += (".".join(["abcdefgh"] * 27) + ".abcdef",)
    assert [text for text in typed if is_provable(text)] == []

"""Password rules in a tenants file: applied, told of where they weaken, refused where no policy may be so."""

import pytest
from sqlalchemy import select

from tenants.audit import AuditEvent
from tenants.policies import TenantPolicy
from tenants.tenants import TenantSettings
from tests.support.manifests import LOCAL_ON, SMALL, Desk

RULES = f"""{LOCAL_ON}
password = "l5c"
on_breach = "change"

[tenants.$t.policy.password_rules]
min_length = 12
max_length = 40
passphrase_length = 20
"""
WEAK = {
    "deviates: max_length": "more than 40 characters are refused: NIST 63B-4 and ASVS 6.2.9 ask to take 64.",
    "deviates: classes": "kinds of characters are demanded: NIST 63B-4 and ASVS 6.2.5 forbid that, "
    "as people answer with Password1.",
}


def last_detail(desk: Desk, path: str) -> dict[str, str]:
    with desk.session() as session:
        rows = session.scalars(select(AuditEvent).order_by(AuditEvent.at)).all()
    return [row.detail for row in rows if row.detail.get("path") == path][-1]


def weak(detail: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in detail.items() if name.startswith("deviates")}


def test_own_rules_hold_after_they_were_applied_and_a_second_time_there_is_nothing_to_do(desk: Desk) -> None:
    desk.apply(RULES)
    with desk.session() as session:
        policy = TenantPolicy.model_validate(session.scalars(select(TenantSettings)).one().policy)
    made = policy.password_policy
    assert (made.min_length, made.max_length, made.passphrase_length) == (12, 40, 20)
    assert policy.on_breach == "change"
    assert desk.apply(RULES) == []


def test_rules_that_weaken_stand_in_the_audit_row_of_their_change(desk: Desk) -> None:
    desk.apply(RULES)
    assert weak(last_detail(desk, f"tenants.{desk.slug}")) == WEAK
    stricter = RULES.replace("max_length = 40", "max_length = 64")
    assert desk.apply(stricter) == ["change tenants.$t.policy (password_rules)"]
    assert weak(last_detail(desk, f"tenants.{desk.slug}.policy")) == {"deviates: classes": WEAK["deviates: classes"]}
    desk.apply(SMALL + "[tenants.$t.policy]\nlocal_enabled = true\n")
    assert weak(last_detail(desk, f"tenants.{desk.slug}.policy")) == {}


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ("min_length = 6", "tenants.$t.policy.password_rules.min_length: must be at least 8."),
        (
            "min_length = 12\nmax_length = 15",
            "tenants.$t.policy: password_rules: max_length must be at least 16, the shortest password and 4 more.",
        ),
        ('classes = ["vowel"]', "tenants.$t.policy.password_rules.classes[0]: must be one of lower, upper, digit, symbol."),
        ("max_age_days = 90", "tenants.$t.policy.password_rules.max_age_days: is not known here."),
        ('alphabet = "abc"', "tenants.$t.policy.password_rules.alphabet: must have 36 characters or more."),
    ],
    ids=["too short", "no room", "no such kind", "no such rule", "hardly a character"],
)
def test_what_no_policy_may_do_is_refused_with_its_path(desk: Desk, rules: str, fault: str) -> None:
    table = LOCAL_ON + "[tenants.$t.policy.password_rules]\n"
    (found,) = desk.faults(f"{table}{rules}\n")
    assert found.startswith(fault)

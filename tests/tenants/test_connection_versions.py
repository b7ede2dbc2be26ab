"""What may follow what among the versions of a connection, and what is told of two of them. No database."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tenants.addresses import normalise_address
from tenants.arrivals import EmailClaims, EmailProof, email_proof
from tenants.connection_results import Result, claim_lines, explain_proof
from tenants.connection_tests import version_to_test
from tenants.connection_versions import (
    Difference,
    Values,
    VersionState,
    columns_of,
    config_of,
    differences,
    is_only_looks,
    next_number,
    objection_to_activation,
    objection_to_roll_back,
    objection_to_test,
    state_after_test,
)
from tenants.routing_domains import DomainRule

DRAFT, TESTED, ACTIVE, RETIRED = VersionState


def test_what_may_come_into_force() -> None:
    for state, number, in_force, untested, fits in (
        (TESTED, 3, 2, False, None),
        (DRAFT, 3, 2, True, None),
        (DRAFT, 3, 2, False, "No test sign-in"),
        (DRAFT, 1, 0, False, "No test sign-in"),
        (DRAFT, 1, 0, True, None),
        (TESTED, 2, 3, True, "Version 3 came into force after 2"),
        (ACTIVE, 2, 2, True, "is in force already"),
        (RETIRED, 1, 2, True, "Roll back to it"),
    ):
        said = objection_to_activation(state, number, in_force, untested=untested)
        assert (said is None) if fits is None else fits in (said or ""), (state, number, in_force, untested, said)


def test_what_is_rolled_back_to_and_what_is_tested() -> None:
    assert objection_to_roll_back(RETIRED, 1) is None
    assert all(objection_to_roll_back(state, 1) for state in (DRAFT, TESTED, ACTIVE))
    assert [objection_to_test(state, 3, 3) for state in (ACTIVE,)] == [None]
    assert [objection_to_test(state, 4, 3) for state in (DRAFT, TESTED)] == [None, None]
    assert objection_to_test(DRAFT, 2, 3)
    assert objection_to_test(RETIRED, 4, 3)


def test_a_test_moves_a_draft_and_nothing_else() -> None:
    passed = {state: state_after_test(state, passed=True) for state in VersionState}
    assert passed == {DRAFT: TESTED, TESTED: TESTED, ACTIVE: ACTIVE, RETIRED: RETIRED}
    assert all(state_after_test(state, passed=False) is state for state in VersionState)


def test_numbers_are_given_once() -> None:
    assert [next_number(0, ()), next_number(2, (1, 2)), next_number(2, (1, 2, 5))] == [1, 3, 6]


def test_the_newest_that_waits_is_tested() -> None:
    @dataclass
    class Row:
        version: int = 0
        number: int = 0
        state: str = ""

    rows = [Row(number=number, state=state) for number, state in ((1, DRAFT), (2, ACTIVE), (3, TESTED), (4, DRAFT))]
    assert version_to_test(Row(version=2), rows) == 4
    assert version_to_test(Row(version=2), rows[:2]) == 2


def test_differences_name_fields_as_the_file_does_and_no_secret() -> None:
    before = Values(
        {"is_shown": True, "label": "Old", "options": {"issuer": "https://a.example"}}, {"client_secret": "canary-1"}
    )
    after = Values(
        {
            "is_shown": False,
            "label": "Old",
            "options": {"issuer": "https://b.example", "scopes": ["openid"], "long": "x " * 400},
        },
        {"client_secret": "canary-2"},
    )
    found = differences(before, after)
    assert found == (
        Difference("issuer", "https://a.example", "https://b.example"),
        Difference("long", "", "a text of 799 characters"),
        Difference("scopes", "", '["openid"]'),
        Difference("shown", "true", "false"),
        Difference("client_secret", is_secret=True),
    )
    assert str(found[-1]) == "client_secret: changed"
    assert "canary" not in repr(found) + repr(before)
    assert differences(after, after) == ()


def test_looks_alone_are_no_new_version() -> None:
    base = Values({"label": "Old", "is_shown": True, "provisioning": "existing", "secret_expires_at": None, "options": {}})
    looks = Values({**base.config, "label": "New", "is_shown": False, "secret_expires_at": "2027-01-01T00:00:00+00:00"})
    assert is_only_looks(differences(base, looks))
    assert not is_only_looks(differences(base, Values({**base.config, "provisioning": "just_in_time"})))
    assert not is_only_looks(differences(base, Values(base.config, {"client_secret": "x"})))


def test_columns_go_through_json_and_back() -> None:
    ends = datetime(2027, 1, 31, tzinfo=UTC)
    columns = {"label": "A", "networks": ("192.0.2.0/24",), "secret_expires_at": ends, "is_enabled": True, "version": 4}
    config = config_of(columns)
    assert config == {"label": "A", "networks": ["192.0.2.0/24"], "secret_expires_at": ends.isoformat()}
    assert columns_of(config) == {"label": "A", "networks": ["192.0.2.0/24"], "secret_expires_at": ends}


def test_claims_are_told_with_their_use_and_what_is_missing() -> None:
    reads = {"sub": "subject", "email": "email", "roles": "groups", "name": "display_name"}
    lines = claim_lines({"sub": "1", "name": "Ada\nL", "other": {"a": [1]}}, reads)
    assert [(one.name, one.value, one.taken_as) for one in lines] == [
        ("sub", "1", "who it is"),
        ("name", "Ada L", "full name"),
        ("other", '{"a": [1]}', "not used"),
        ("email", "not sent", "e-mail address"),
        ("roles", "not sent", "groups"),
    ]
    [line] = claim_lines({"attributes": {"mail": ["a@b.example", "c"]}}, {"mail": "email"})
    assert (line.name, line.value, line.use) == ("mail", "a@b.example, c", "email")
    [cut] = claim_lines({"x": "y" * 1000}, {})
    assert len(cut.value) == 300
    result = Result(act="refuse", claims=lines, reasons=("a",), more={"description": "b"})
    assert Result.from_json(result.as_json()) == result


def test_the_reason_of_a_proof_agrees_with_the_proof() -> None:
    """The decision is made elsewhere; what is told of it must not say something else."""
    rules = (
        DomainRule("mine.example", True, "sso", False, True),
        DomainRule("open.example", True, "sso", False, False),
        DomainRule("other.example", True, "else", False, True),
    )
    told = {
        EmailProof.NONE: {"proof_no_address", "proof_denied"},
        EmailProof.ASSERTED: {"proof_unbound", "proof_unproven", "proof_unpinned"},
        EmailProof.DOMAIN_OWNER: {"proof_domain", "proof_provider"},
    }
    seen = set()
    for kind in ("oidc", "entra", "google", "saml"):
        for email in (None, "a@mine.example", "a@open.example", "a@other.example", "a@nowhere.example"):
            for verified in (None, True, False):
                address = normalise_address(email) if email else None
                hd = email.partition("@")[2] if email else None
                claims = EmailClaims(address, "sso", kind, email_verified=verified, xms_edov=verified, hd=hd)
                proof = email_proof(claims, rules)
                reason = explain_proof(claims, proof, rules)
                assert reason.code in told[proof], (kind, email, verified, proof, reason)
                seen.add(reason.code)
    assert seen == set().union(*told.values())

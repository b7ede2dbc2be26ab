"""The Microsoft Entra kind: one directory, its people, and what Entra's refusals mean."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from broker.upstream import KINDS
from broker.upstream.entra_errors import READING_OF_NUMBER, READINGS, read_entra_error
from broker.upstream.entra_options import PUBLIC_CLOUD, EntraOptions
from broker.upstream.kind import ReturnData
from tenants.causes import Cause, UpstreamFailure
from tests.peers.entra import CORRELATION, TRACE, described, oid_of
from tests.peers.people import Person
from tests.support.edge import Edge, entra_options, opened_edge

ENTRA = KINDS["entra"]
DIRECTORY = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
GOOD = {"directory": DIRECTORY, "client_id": CLIENT, "client_secret": "hidden"}


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with opened_edge() as opened:
        yield opened


@pytest.fixture
def directory(edge):
    return edge.entra.directory()


def failed(edge, directory, **context) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(ENTRA, entra_options(directory), directory, **context)
    return failure.value


class TestSigningIn:
    def test_person_is_who_the_directory_says(self, edge, directory):
        person = Person()
        arrived = edge.sign_in(ENTRA, entra_options(directory), directory, person)
        assert (arrived.issuer, arrived.subject) == (directory.issuer, oid_of(person))
        assert arrived.email == "ada@acme.example"
        assert arrived.display_name == "Ada Lovelace"
        assert arrived.groups == ("engineers",)
        assert arrived.raw["tid"] == directory.directory
        assert "uti" not in arrived.raw

    def test_person_keeps_the_key_when_name_and_address_change(self, edge, directory):
        before = edge.sign_in(ENTRA, entra_options(directory), directory, Person(subject="ab" * 16))
        after = edge.sign_in(ENTRA, entra_options(directory), directory, Person(subject="ab" * 16, email="new@acme.example"))
        assert (before.issuer, before.subject) == (after.issuer, after.subject)

    def test_directory_specific_endpoints_are_used(self, edge, directory):
        start = ENTRA.start(entra_options(directory), edge.context(domain_hint="acme.example"), edge.ports)
        asked = parse_qs(urlsplit(start.url).query)
        assert start.url.startswith(f"{edge.entra.origin}/{directory.directory}/oauth2/v2.0/authorize?")
        assert asked["scope"] == ["openid profile email"]
        assert asked["domain_hint"] == ["acme.example"]
        assert asked["code_challenge_method"] == ["S256"]
        assert "prompt" not in asked

    @pytest.mark.parametrize(
        ("wishes", "prompt"),
        [({"max_age": 0}, "login"), ({"max_age": 60, "prompt": "select_account"}, "select_account")],
        ids=["age alone", "age beside a prompt"],
    )
    def test_age_is_asked_as_a_new_sign_in(self, edge, directory, wishes, prompt):
        start = ENTRA.start(entra_options(directory), edge.context(**wishes), edge.ports)
        asked = parse_qs(urlsplit(start.url).query)
        assert asked["prompt"] == [prompt]
        assert "max_age" not in asked
        assert edge.sign_in(ENTRA, entra_options(directory), directory, **wishes).subject

    @pytest.mark.parametrize("value", [True, 1, "1", False, 0, "0", "yes"], ids=repr)
    def test_word_about_the_address_is_handed_on_as_it_was_said(self, edge, directory, value):
        directory.says(xms_edov=value, email_verified=True)
        arrived = edge.sign_in(ENTRA, entra_options(directory), directory)
        assert arrived.email_evidence == {"xms_edov": value, "email_verified": True}
        assert type(arrived.email_evidence["xms_edov"]) is type(value)

    def test_user_name_is_no_address(self, edge, directory):
        directory.says(email=None, xms_edov=True)
        assert edge.sign_in(ENTRA, entra_options(directory), directory).email is None

    def test_home_directory_as_identity_provider_is_no_guest(self, edge, directory):
        directory.says(idp=f"https://sts.windows.net/{directory.directory}/", acct=0)
        assert edge.sign_in(ENTRA, entra_options(directory), directory).subject

    @pytest.mark.parametrize(
        "knob",
        [lambda it: it.overage(), lambda it: it.says(hasgroups=True), lambda it: it.says(groups=None)],
        ids=range(3),
    )
    def test_groups_that_do_not_fit_are_unknown_and_not_none(self, edge, directory, knob):
        knob(directory)
        assert edge.sign_in(ENTRA, entra_options(directory), directory).groups is None

    def test_no_groups_is_known(self, edge, directory):
        assert edge.sign_in(ENTRA, entra_options(directory), directory, Person(groups=())).groups == ()


class TestWrongPeople:
    @pytest.mark.parametrize(
        ("knob", "fact"),
        [
            (lambda it: it.guest(), "guest"),
            (lambda it: it.says(idp="live.com"), "guest"),
            (lambda it: it.says(acct=1), "guest"),
            (lambda it: it.personal(), "personal"),
            (lambda it: it.foreign_directory(), "directory"),
        ],
        ids=["guest", "guest with a personal account", "guest by account type", "personal", "another directory"],
    )
    def test_person_from_elsewhere_is_told_so(self, edge, directory, knob, fact):
        knob(directory)
        failure = failed(edge, directory)
        assert failure.cause is Cause.UPSTREAM_TENANT_MISMATCH
        assert failure.facts["fact"] == fact


class TestRefusals:
    @pytest.mark.parametrize(
        ("error", "number", "cause", "detail"),
        [
            ("access_denied", 65004, Cause.UPSTREAM_DENIED, "consent_declined"),
            ("interaction_required", 65001, Cause.CONSENT_MISSING, "consent_missing"),
            ("access_denied", 90094, Cause.CONSENT_MISSING, "consent_missing"),
            ("interaction_required", 50105, Cause.UPSTREAM_NOT_ASSIGNED, "not_assigned"),
            ("access_denied", 50057, Cause.UPSTREAM_ACCOUNT_BLOCKED, "account"),
            ("interaction_required", 50076, Cause.UPSTREAM_POLICY_BLOCKED, "second_factor"),
            ("access_denied", 53003, Cause.UPSTREAM_POLICY_BLOCKED, "policy"),
            ("access_denied", 500212, Cause.UPSTREAM_POLICY_BLOCKED, "tenant_restriction"),
            ("invalid_request", 50020, Cause.UPSTREAM_TENANT_MISMATCH, "wrong_account"),
            ("invalid_request", 500208, Cause.UPSTREAM_TENANT_MISMATCH, "account_type"),
            ("unauthorized_client", 700016, Cause.CONNECTION_MISCONFIGURED, "app_unknown"),
            ("invalid_request", 900971, Cause.CONNECTION_MISCONFIGURED, "our_request"),
            ("invalid_request", 90002, Cause.CONNECTION_MISCONFIGURED, "directory_unknown"),
            ("temporarily_unavailable", 90033, Cause.UPSTREAM_UNREACHABLE, "unavailable"),
            ("invalid_grant", 50173, Cause.FLOW_EXPIRED, "session_ended"),
            ("access_denied", 50008, Cause.UPSTREAM_DENIED, "federated"),
            # the word decides, the number only explains
            ("temporarily_unavailable", 50105, Cause.UPSTREAM_UNREACHABLE, "temporarily_unavailable"),
            ("invalid_client", 50057, Cause.CONNECTION_MISCONFIGURED, "invalid_client"),
            ("access_denied", 99999, Cause.UPSTREAM_DENIED, "access_denied"),
            ("login_required", 50058, Cause.INTERACTION_NEEDED, "login_required"),
        ],
    )
    def test_error_and_number_choose_the_cause(self, edge, directory, error, number, cause, detail):
        directory.refuses(error, number)
        failure = failed(edge, directory)
        assert (failure.cause, failure.detail) == (cause, detail)
        assert failure.facts["upstream_error"] == error
        assert failure.facts["upstream_code"] == f"AADSTS{number}"
        assert failure.facts["trace_id"] == TRACE
        assert failure.facts["correlation_id"] == CORRELATION
        assert directory.hits["token"] == 0

    def test_error_without_a_number(self, edge, directory):
        directory.error_callback("access_denied")
        failure = failed(edge, directory)
        assert (failure.cause, failure.facts["upstream_code"]) == (Cause.UPSTREAM_DENIED, "")

    def test_expired_secret_is_our_configuration(self, edge, directory):
        directory.client_secret = "renewed"
        options = entra_options(directory, client_secret="old")
        with pytest.raises(UpstreamFailure) as failure:
            edge.sign_in(ENTRA, options, directory)
        assert (failure.value.cause, failure.value.detail) == (Cause.CONNECTION_MISCONFIGURED, "client_secret")
        assert failure.value.facts["trace_id"] == TRACE

    def test_every_number_has_one_reading(self):
        assert sum(len(reading.numbers) for reading in READINGS) == len(READING_OF_NUMBER)

    @pytest.mark.parametrize(
        "description", [5, ["AADSTS50105"], None, "AADSTS" + "9" * 50, described(50105)[::-1]], ids=range(5)
    )
    def test_odd_description_explains_nothing(self, description):
        failure = read_entra_error({"error": "access_denied", "error_description": description})
        assert failure.cause is Cause.UPSTREAM_DENIED

    def test_kind_reads_a_refusal_alone(self, directory):
        options = entra_options(directory)
        assert ENTRA.refusal(options, ReturnData("GET", {"code": "x"})) is None
        refusal = ENTRA.refusal(options, ReturnData("GET", {"error": "access_denied", "error_description": described(50105)}))
        assert refusal.cause is Cause.UPSTREAM_NOT_ASSIGNED


class TestOptions:
    def test_public_cloud_is_usual(self):
        options = EntraOptions(**GOOD)
        assert options.authority == f"{PUBLIC_CLOUD}/{DIRECTORY}/v2.0"
        assert ENTRA.origins(options, None) == (PUBLIC_CLOUD,)

    def test_what_is_copied_is_tidied(self):
        options = EntraOptions(
            **(GOOD | {"directory": f" {DIRECTORY}\n".upper(), "authority_host": "https://login.microsoftonline.us/"})
        )
        assert options.authority == f"https://login.microsoftonline.us/{DIRECTORY}/v2.0"
        assert EntraOptions(**GOOD, scopes=["email"]).scopes == ("openid", "profile", "email")

    @pytest.mark.parametrize(
        "changes",
        [
            {"directory": "common"},
            {"directory": "organizations"},
            {"directory": "acme.example"},
            {"directory": f"{DIRECTORY}/../x"},
            {"directory": "9188040D-6c67-4c5b-b112-36a304b66dad"},
            {"client_id": "broker"},
            {"client_secret": ""},
            {"authority_host": "login.microsoftonline.com"},
            {"authority_host": "https://login.microsoftonline.com/common"},
            {"authority_host": "https://login.microsoftonline.com?x"},
            {"issuer": "https://x.example"},
        ],
        ids=str,
    )
    def test_what_cannot_be_is_refused(self, changes):
        with pytest.raises(ValidationError):
            EntraOptions(**(GOOD | changes))


class TestConnectionTest:
    def test_good_connection(self, edge, directory):
        found = {finding.code: finding.severity for finding in ENTRA.check(entra_options(directory), edge.ports)}
        assert found == {"discovery": "ok", "keys": "ok", "credentials": "ok"}

    def test_unknown_directory(self, edge, directory):
        options = entra_options(directory, directory=DIRECTORY)
        assert [finding.code for finding in ENTRA.check(options, edge.ports)] == ["discovery_status"]

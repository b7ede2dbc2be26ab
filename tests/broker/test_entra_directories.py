"""Microsoft Entra for several directories, with a certificate, and with Graph beside the token."""

from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import uuid4

import pytest
from pydantic import ValidationError

from broker.upstream import KINDS
from broker.upstream.entra_options import EntraOptions
from broker.upstream.kind import ReturnData
from broker.upstream.sharing import ProvenDirectory, SharedRegistration
from tenants.causes import Cause, UpstreamFailure
from tests.peers import signing
from tests.peers.entra import PERSONAL_DIRECTORY, oid_of
from tests.peers.people import Person
from tests.support.client_keys import client_key
from tests.support.edge import Edge, entra_options, opened_edge

ENTRA = KINDS["entra"]
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ONE, OTHER = "11111111-2222-3333-4444-555555555555", "66666666-2222-3333-4444-555555555555"
PAIR = client_key()
OWN = {"client_id": CLIENT, "client_secret": "hidden"}
BY_KEY = {"client_id": CLIENT, "client_key": PAIR.private_pem, "client_certificate": PAIR.certificate_pem}


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with opened_edge() as opened:
        yield opened


@pytest.fixture
def application(edge):
    return edge.entra.application()


def of_both(application, **changes) -> EntraOptions:
    return entra_options(application, **({"directory": None, "directories": (application.chosen, OTHER)} | changes))


def failed(edge, options, application) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(ENTRA, options, application)
    return failure.value


def test_people_of_several_directories_are_told_apart_by_directory_and_object_id(edge, application):
    person, options = Person(), of_both(application)
    first = edge.sign_in(ENTRA, options, application, person)
    assert (first.issuer, first.subject) == (f"{application.origin}/{application.chosen}/v2.0", oid_of(person))
    application.chosen = OTHER
    second = edge.sign_in(ENTRA, options, application, person)
    assert (second.issuer, second.subject) == (f"{application.origin}/{OTHER}/v2.0", oid_of(person))


def test_ou10_address_is_pinned_to_a_directory_only_where_there_is_one(edge, application):
    named = application.chosen
    pinned = entra_options(edge.entra.directory(named), client_id=application.client_id)
    options = {
        "one": (pinned, frozenset({named})),
        "one of a list": (of_both(application, directories=(named,)), None),
        "several": (of_both(application), frozenset()),
        "any": (of_both(application, directories=(), any_work_account=True), frozenset()),
    }
    for name, (one, expected) in options.items():
        if expected is not None and name != "one":
            assert edge.sign_in(ENTRA, one, application).directories == expected, name
    assert options["one of a list"][0].authority == pinned.authority


def test_ou09_token_of_another_directory_is_refused(edge, application):
    mine, origin, foreign = application.chosen, application.origin, str(uuid4())
    cases = {
        "a foreign directory, whole in itself": ({"tid": foreign, "iss": f"{origin}/{foreign}/v2.0"}, "tid"),
        "the issuer of another than tid": ({"iss": f"{origin}/{foreign}/v2.0"}, "iss"),
        "the tid of another than the issuer": ({"tid": OTHER}, "iss"),
        "the template itself": ({"iss": f"{origin}/{{tenantid}}/v2.0"}, "iss"),
        "the template as tid": ({"tid": "{tenantid}", "iss": f"{origin}/{{tenantid}}/v2.0"}, "tid"),
        "the issuer of version 1": ({"iss": f"https://sts.windows.net/{mine}/"}, "iss"),
        "version 1": ({"ver": "1.0"}, "ver"),
        "personal accounts": ({"tid": PERSONAL_DIRECTORY, "iss": f"{origin}/{PERSONAL_DIRECTORY}/v2.0"}, "personal"),
        "organizations": ({"tid": "organizations", "iss": f"{origin}/organizations/v2.0"}, "tid"),
        "in capitals": ({"tid": mine.upper(), "iss": f"{origin}/{mine.upper()}/v2.0"}, "tid"),
        "no tid": ({"tid": None}, "tid"),
        "a list": ({"tid": [mine]}, "tid"),
        "another host": ({"iss": f"https://evil.example/{mine}/v2.0"}, "iss"),
        "a guest": ({"idp": f"https://sts.windows.net/{foreign}/"}, "guest"),
        "a guest of the other accepted one": ({"idp": f"https://sts.windows.net/{OTHER}/"}, "guest"),
    }
    for name, (claims, detail) in cases.items():
        application._claims.clear()
        application.says(**claims)
        assert failed(edge, of_both(application), application).detail == detail, name


def test_ou09_any_work_account_is_never_a_personal_one(edge, application):
    options = of_both(application, directories=(), any_work_account=True)
    application.chosen = str(uuid4())
    assert edge.sign_in(ENTRA, options, application).issuer.endswith(f"/{application.chosen}/v2.0")
    for tid in (PERSONAL_DIRECTORY, "common", "acme.example", "", application.chosen + "\n"):
        application.says(tid=tid, iss=f"{application.origin}/{tid}/v2.0")
        assert failed(edge, options, application).detail in {"tid", "personal"}, tid


def test_ou09_key_that_is_for_one_directory_signs_for_no_other(edge, application):
    """The keys of personal accounts stand in the same document, each naming the issuer that it is for."""
    personal = signing.rsa_key(2)
    usual = application.keys[0].jwk() | {"issuer": application.issuer}
    special = personal.jwk() | {"issuer": f"{application.origin}/{PERSONAL_DIRECTORY}/v2.0"}
    keys = {"keys": [usual, special]}
    edge.entra.publish(keys)
    assert edge.sign_in(ENTRA, of_both(application), application, connection="con_keys").subject
    application.signs_with(personal)
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(ENTRA, of_both(application), application, connection="con_keys")
    edge.entra.publish(None)
    assert failure.value.detail == "kid"


def test_nobody_is_sent_away_before_a_directory_is_known(edge):
    options = ENTRA.with_registration(EntraOptions(registration="shared"), SharedRegistration(CLIENT, "secret"))
    with pytest.raises(UpstreamFailure) as failure:
        ENTRA.start(options, edge.context(), edge.ports)
    assert (failure.value.cause, failure.value.detail) == (Cause.CONSENT_MISSING, "no_directory")
    with pytest.raises(UpstreamFailure) as failure:
        ENTRA.check(EntraOptions(registration="shared"), edge.ports)
    assert (failure.value.cause, failure.value.detail) == (Cause.CONNECTION_MISCONFIGURED, "no_shared_registration")


def test_certificate_proves_who_we_are(edge):
    directory = edge.entra.directory()
    directory.knows_key(PAIR.public_pem, "PS256")
    values = {"client_secret": None, "client_key": PAIR.private_pem, "client_certificate": PAIR.certificate_pem}
    assert edge.sign_in(ENTRA, entra_options(directory, **values), directory).subject
    assert directory.seen["client"] == {"method": "private_key_jwt"}
    assert "client_secret" not in directory.seen["token"]


def test_connection_test_knows_the_authority_of_all(edge, application):
    found = {finding.code: finding.severity for finding in ENTRA.check(of_both(application), edge.ports)}
    assert found == {"discovery": "ok", "keys": "ok", "credentials": "ok"}


def test_options_that_fit_together():
    for values in (
        {"directory": ONE} | OWN,
        {"directories": [ONE, OTHER.upper()]} | OWN,
        {"any_work_account": True} | OWN,
        {"directory": ONE} | BY_KEY,
        {"registration": "shared"},
        {"registration": "shared", "directory": ONE},
        {"registration": "shared", "any_work_account": True},
    ):
        assert EntraOptions(**values), values


def is_possible(values) -> bool:
    try:
        EntraOptions(**values)
    except ValidationError:
        return False
    return True


def test_options_that_contradict_each_other():
    for values in (
        OWN,
        {"directory": ONE, "directories": [OTHER]} | OWN,
        {"directory": ONE, "any_work_account": True} | OWN,
        {"directories": [ONE, PERSONAL_DIRECTORY]} | OWN,
        {"directories": ["common"]} | OWN,
        {"directory": ONE},
        {"directory": ONE, "client_id": CLIENT},
        {"directory": ONE, "client_secret": "hidden"},
        {"directory": ONE, "client_id": CLIENT, "client_key": PAIR.private_pem},
        {"directory": ONE, "client_id": CLIENT, "client_certificate": PAIR.certificate_pem},
        {"directory": ONE, "client_secret": "hidden"} | BY_KEY,
        {"directory": ONE} | BY_KEY | {"client_certificate": client_key(2).certificate_pem},
        {"directory": ONE} | BY_KEY | {"client_key": "no key"},
        {"registration": "shared", "client_id": CLIENT},
        {"registration": "shared", "client_secret": "hidden"},
        {"registration": "theirs"},
    ):
        assert not is_possible(values), values


def test_in01_secret_of_the_operator_goes_where_the_operator_says(edge):
    """OU-03: a tenant that shares the registration names no place that its secret would be sent to, nor what it asks for."""
    evil = {"authority_host": "https://evil.example", "graph_host": "https://evil.example", "scopes": ["Mail.Read"]}
    for name, value in evil.items():
        assert not is_possible({"registration": "shared", "any_work_account": True, name: value}), name
    slipped = EntraOptions(registration="shared").model_copy(update=evil)
    lent = ENTRA.with_registration(slipped, SharedRegistration(CLIENT, "secret"))
    assert (lent.authority_host, lent.graph_host) == ("https://login.microsoftonline.com", "https://graph.microsoft.com")
    assert lent.scopes == ("openid", "profile", "email")
    national = {"authority_host": "https://login.microsoftonline.us", "graph_host": "https://graph.microsoft.us"}
    lent = ENTRA.with_registration(slipped, SharedRegistration(CLIENT, "secret", origins=national))
    assert lent.authority == "https://login.microsoftonline.us/organizations/v2.0"
    google = KINDS["google"]
    with pytest.raises(ValidationError):
        google.options_type(registration="shared", domains=["acme.example"], authority="https://evil.example")
    slipped = google.options_type(registration="shared", domains=["acme.example"]).model_copy(
        update={"authority": "https://evil.example"}
    )
    lent = google.with_registration(slipped, SharedRegistration("id", "secret"))
    assert google.origins(lent, edge.ports) == ("https://accounts.google.com",)


def test_ou09_directory_is_proven_by_somebody_at_home_in_it(edge, application):
    """A guest is in the directory, but speaks for another one; and an address may be of any domain."""
    options = of_both(application)

    def proven():
        context = edge.context()
        url = ENTRA.start_proof(options, context, edge.ports)
        back = ReturnData.of("GET", parse_qsl(urlsplit(application.approve(url, Person("jo@acme.example"))).query))
        return ENTRA.finish_proof(options, context, back, edge.ports)

    assert proven() == ProvenDirectory(application.chosen, "acme.example")
    for name in (None, "", "jo", "jo@", "jo@evil.example/click", ["jo@acme.example"]):
        application.says(preferred_username=name)
        assert proven().domain == "", name
    application.says(preferred_username="Jo@ACME.example", email="jo@other.example")
    assert proven().domain == "acme.example"
    for guest in ({"idp": f"https://sts.windows.net/{OTHER}/"}, {"acct": 1}):
        application._claims.clear()
        application.says(**guest)
        with pytest.raises(UpstreamFailure) as failure:
            proven()
        assert (failure.value.cause, failure.value.detail) == (Cause.UPSTREAM_TENANT_MISMATCH, "guest"), guest


class TestGraph:
    IDS = tuple(str(uuid4()) for _ in range(5))

    @pytest.fixture
    def directory(self, edge):
        return edge.entra.directory().overage()

    def test_groups_beyond_the_token_are_read_page_by_page(self, edge, directory):
        person = Person()
        directory.graph.pages = [list(self.IDS[:3]), list(self.IDS[2:])]
        arrived = edge.sign_in(ENTRA, entra_options(directory, read_groups=True), directory, person)
        assert arrived.groups == self.IDS
        assert arrived.raw["groups_overage"] == "graph"
        assert directory.graph.seen[0] == f"POST /v1.0/users/{oid_of(person)}/getMemberObjects"
        assert directory.seen["authorize"]["scope"].split()[-1] == f"{directory.origin}/Directory.Read.All"

    def test_groups_that_cannot_be_read_are_unknown_and_said_so(self, edge, directory):
        many = [[str(uuid4()) for _ in range(500)] for _ in range(5)]
        cases = {
            "no permission": ({"status": 403}, "graph_permission"),
            "down": ({"status": 503}, "graph_status"),
            "no ids": ({"pages": [["engineers"]]}, "graph_value"),
            "another place": ({"pages": [[], []], "next": "https://evil.example/v1.0/x"}, "graph_next"),
            "almost Graph": ({"pages": [[], []], "next": f"{directory.origin}.evil.example/v1.0/x"}, "graph_next"),
            "without end": ({"pages": [[]] * 20}, "graph_pages"),
            "too many": ({"pages": many}, "graph_many"),
        }
        for name, (knobs, why) in cases.items():
            graph = directory.graph
            graph.status, graph.pages, graph.next = 200, [[]], None
            for knob, value in knobs.items():
                setattr(graph, knob, value)
            arrived = edge.sign_in(ENTRA, entra_options(directory, read_groups=True), directory)
            assert (arrived.groups, arrived.raw["groups_overage"]) == (None, f"unknown: {why}"), name
        assert len(directory.graph.seen) < 40

    def test_graph_is_left_alone_where_nobody_wants_it(self, edge, directory):
        arrived = edge.sign_in(ENTRA, entra_options(directory), directory)
        assert (arrived.groups, arrived.raw["groups_overage"]) == (None, "unknown: read_groups is off")
        assert directory.graph.seen == []
        assert "Directory" not in directory.seen["authorize"]["scope"]

    def test_position_and_phone(self, edge, directory):
        options = entra_options(directory, read_profile=True)
        for profile, expected in (
            ({"jobTitle": "Engineer", "businessPhones": ["+32 2 555", "2"], "mobilePhone": "1"}, ("Engineer", "+32 2 555")),
            ({"jobTitle": None, "businessPhones": [], "mobilePhone": "+32 4"}, (None, "+32 4")),
            ({"jobTitle": ["x"], "businessPhones": "x", "mobilePhone": {}}, (None, None)),
            ({}, (None, None)),
        ):
            directory.graph.profile = profile
            arrived = edge.sign_in(ENTRA, options, directory)
            assert (arrived.position, arrived.phone) == expected, profile
        assert f"{directory.origin}/User.Read" in directory.seen["authorize"]["scope"]

    def test_nobody_stays_out_for_a_phone_number(self, edge, directory):
        directory.graph.status = 500
        arrived = edge.sign_in(ENTRA, entra_options(directory, read_profile=True), directory)
        assert (bool(arrived.subject), arrived.position, arrived.phone) == (True, None, None)


def test_consent_is_asked_at_the_directory_that_is_named_or_at_any(edge):
    asked = {"named": {"directory": ONE}, "won": {"directories": [ONE]}}
    places = {}
    for name, directories in asked.items():
        url = ENTRA.start_consent(EntraOptions(**OWN, **directories, read_groups=name == "won"), edge.context())
        places[name] = (urlsplit(url).path.split("/")[1], parse_qs(urlsplit(url).query)["scope"][0].split()[-1])
    assert places == {
        "named": (ONE, "https://graph.microsoft.com/User.Read"),
        "won": ("organizations", "https://graph.microsoft.com/Directory.Read.All"),
    }

"""The Google kind: people of the Workspaces that a connection names, and what Google's refusals mean."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from broker.upstream import KINDS
from broker.upstream.google import CAUSE_OF_ERROR, GOOGLE, GoogleOptions, read_google_error
from broker.upstream.kind import ReturnData
from tenants.causes import Cause, UpstreamFailure
from tests.peers.google import workspace_person
from tests.peers.people import Person
from tests.support.edge import Edge, google_options, opened_edge, returned

KIND = KINDS["google"]
GOOD = {"client_id": "1.apps.googleusercontent.com", "client_secret": "hidden", "domains": ["acme.example"]}


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with opened_edge() as opened:
        yield opened


@pytest.fixture
def client(edge):
    return edge.google.client()


def asked_of(edge, options, **context) -> dict[str, list[str]]:
    return parse_qs(urlsplit(KIND.start(options, edge.context(**context), edge.ports).url).query)


def failed(edge, client, options=None, **context) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(KIND, options or google_options(client), client, **context)
    return failure.value


class TestSigningIn:
    def test_person_is_who_the_subject_says(self, edge, client):
        person = workspace_person("ada@acme.example")
        arrived = edge.sign_in(KIND, google_options(client), client, person)
        assert (arrived.issuer, arrived.subject) == (client.issuer, person.subject)
        assert (arrived.email, arrived.display_name) == ("ada@acme.example", "Ada Lovelace")
        assert arrived.email_evidence == {"email_verified": True, "hd": "acme.example"}
        assert arrived.directories == {"acme.example"}
        assert arrived.groups is None
        assert arrived.auth_time is None
        assert client.seen["client"] == {"method": "client_secret_post"}

    def test_person_keeps_the_key_when_the_address_changes(self, edge, client):
        options = google_options(client)
        before = edge.sign_in(KIND, options, client, workspace_person("ada@acme.example", subject="1"))
        after = edge.sign_in(KIND, options, client, workspace_person("ada.king@acme.example", subject="1"))
        assert (before.issuer, before.subject) == (after.issuer, after.subject)

    def test_both_spellings_of_google_are_one_issuer(self, edge, client):
        client.legacy_issuer()
        assert edge.sign_in(KIND, google_options(client), client).issuer == client.issuer

    @pytest.mark.parametrize("issuer", ["google.com", "http://accounts.google.com", "accounts.google.com/", None], ids=repr)
    def test_every_other_spelling_is_refused(self, edge, client, issuer):
        client.says(iss=issuer)
        failure = failed(edge, client)
        assert (failure.cause, failure.detail) == (Cause.UPSTREAM_RESPONSE_INVALID, "iss")

    def test_older_spelling_is_taken_of_google_only(self, edge):
        issuer = edge.oidc.issuer()
        issuer.says(iss=issuer.issuer.partition("://")[2])
        from_oidc = KINDS["oidc"].options_type(
            issuer=issuer.issuer, client_id=issuer.client_id, client_secret=issuer.client_secret
        )
        with pytest.raises(UpstreamFailure, match="iss"):
            edge.sign_in(KINDS["oidc"], from_oidc, issuer)

    def test_person_of_a_secondary_domain_is_known_by_the_workspace(self, edge, client):
        arrived = edge.sign_in(KIND, google_options(client), client, workspace_person("ada@studio.example", hd="ACME.example"))
        assert (arrived.email, arrived.directories) == ("ada@studio.example", {"acme.example"})

    @pytest.mark.parametrize("key", ["sub", "aud", "exp", "nonce"])
    def test_checks_of_every_provider_hold_here_too(self, edge, client, key):
        client.says(**{key: None})
        failure = failed(edge, client)
        assert (failure.cause, failure.detail) == (Cause.UPSTREAM_RESPONSE_INVALID, key)


class TestRequest:
    def test_list_of_accounts_is_shortened_to_the_workspace(self, edge, client):
        asked = asked_of(edge, google_options(client), login_hint="ada@acme.example")
        assert asked["hd"] == ["acme.example"]
        assert asked["login_hint"] == ["ada@acme.example"]
        assert asked["scope"] == ["openid email profile"]
        assert asked["code_challenge_method"] == ["S256"]
        assert "prompt" not in asked

    def test_several_workspaces_are_any_workspace_to_the_list(self, edge, client):
        assert asked_of(edge, google_options(client, domains=["acme.example", "studio.example"]))["hd"] == ["*"]

    @pytest.mark.parametrize("wishes", [{"prompt": "select_account"}, {"prompt": "login"}, {"max_age": 0}], ids=str)
    def test_another_account_or_a_fresh_sign_in_is_a_choice_of_account(self, edge, client, wishes):
        asked = asked_of(edge, google_options(client), **wishes)
        assert asked["prompt"] == ["select_account"]
        assert "max_age" not in asked

    def test_browser_may_be_sent_to_google_alone(self):
        assert KIND.origins(GoogleOptions(**GOOD), None) == (GOOGLE,)


class TestWrongPeople:
    @pytest.mark.parametrize(
        ("claims", "fact", "detail"),
        [
            ({"hd": None}, "personal", "personal"),
            ({"hd": "elsewhere.example"}, "directory", "hd"),
            ({"hd": "sub.acme.example"}, "directory", "hd"),
            ({"hd": "*"}, "directory", "hd"),
            ({"hd": ""}, "directory", "hd"),
            ({"hd": ["acme.example"]}, "directory", "hd"),
            ({"hd": True}, "directory", "hd"),
        ],
        ids=["none", "another", "a sub-domain", "a wildcard", "empty", "a list", "no text"],
    )
    def test_ou13_workspace_that_is_not_named_is_refused(self, edge, client, claims, fact, detail):
        client.says(**claims)
        failure = failed(edge, client)
        assert (failure.cause, failure.facts["fact"], failure.detail) == (Cause.UPSTREAM_TENANT_MISMATCH, fact, detail)

    def test_ou13_personal_account_with_a_company_address_is_personal(self, edge, client):
        client.person = Person("ada@acme.example", groups=())
        assert failed(edge, client).facts["fact"] == "personal"

    def test_ou13_parameter_of_the_request_proves_nothing(self, edge, client):
        """Somebody took `hd` out of the address and chose an account of another Workspace."""
        options, tx = google_options(client), edge.context()
        start = KIND.start(options, tx, edge.ports)
        changed = start.url.replace("hd=acme.example", "hd=elsewhere.example")
        back = client.approve(changed, workspace_person("x@elsewhere.example"))
        with pytest.raises(UpstreamFailure) as failure:
            KIND.finish(options, tx, returned(back), edge.ports)
        assert failure.value.detail == "hd"
        assert "elsewhere.example" in failure.value.facts["description"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("error", "cause"),
        [
            ("access_denied", Cause.UPSTREAM_DENIED),
            ("access_not_configured", Cause.CONSENT_MISSING),
            ("admin_policy_enforced", Cause.UPSTREAM_POLICY_BLOCKED),
            ("app_not_configured_for_user", Cause.UPSTREAM_NOT_ASSIGNED),
            ("deleted_client", Cause.CONNECTION_MISCONFIGURED),
            ("disallowed_useragent", Cause.UPSTREAM_POLICY_BLOCKED),
            ("org_internal", Cause.UPSTREAM_NOT_ASSIGNED),
            ("redirect_uri_mismatch", Cause.CONNECTION_MISCONFIGURED),
            ("temporarily_unavailable", Cause.UPSTREAM_UNREACHABLE),
            ("something_new", Cause.UPSTREAM_DENIED),
        ],
    )
    def test_word_chooses_the_cause(self, edge, client, error, cause):
        client.error_callback(error, "Said by Google.")
        failure = failed(edge, client)
        assert (failure.cause, failure.detail) == (cause, error)
        assert failure.facts["description"] == "Said by Google."
        assert client.hits["token"] == 0

    def test_every_word_of_the_table_is_read(self):
        for error, cause in CAUSE_OF_ERROR.items():
            failure = KIND.refusal(GoogleOptions(**GOOD), ReturnData("GET", {"error": error}))
            assert (failure.cause, failure.facts["upstream_error"]) == (cause, error)
        assert read_google_error({"code": "x"}) is None

    def test_wrong_secret_is_our_configuration(self, edge, client):
        client.client_secret = "renewed"
        failure = failed(edge, client, google_options(client, client_secret="old"))
        assert (failure.cause, failure.detail) == (Cause.CONNECTION_MISCONFIGURED, "invalid_client")


class TestOptions:
    def test_google_itself_is_usual(self):
        assert GoogleOptions(**GOOD).authority == GOOGLE

    def test_domains_are_tidied(self):
        options = GoogleOptions(**(GOOD | {"domains": [" ACME.example.", "acme.example", "bücher.example"]}))
        assert options.domains == ("acme.example", "xn--bcher-kva.example")

    @pytest.mark.parametrize(
        "changes",
        [
            {"domains": []},
            {"domains": ["acme"]},
            {"domains": ["*.acme.example"]},
            {"domains": ["*"]},
            {"domains": ["gmail.com"]},
            {"domains": ["GoogleMail.com"]},
            {"client_id": ""},
            {"client_secret": ""},
            {"authority": "accounts.google.com"},
            {"authority": "http://accounts.google.com"},
            {"authority": "https://accounts.google.com/o"},
            {"scopes": ["openid"]},
        ],
        ids=str,
    )
    def test_what_cannot_be_is_refused(self, changes):
        with pytest.raises(ValidationError):
            GoogleOptions(**(GOOD | changes))


def test_connection_test_asks_google(edge, client):
    found = {finding.code: finding.severity for finding in KIND.check(google_options(client), edge.ports)}
    assert found == {"discovery": "ok", "keys": "ok", "credentials": "ok"}

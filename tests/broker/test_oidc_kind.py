"""The generic OpenID Connect kind against a provider that really signs. Attacks: tests/attacks/test_ou_oidc.py."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.wrappers import Response

from broker.upstream import KINDS
from broker.upstream.kind import ReturnData
from tenants.causes import Cause, UpstreamFailure
from tests.peers import signing
from tests.peers.people import Person
from tests.support.edge import CALLBACK, Edge, oidc_options, opened_edge, returned

OIDC = KINDS["oidc"]


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with opened_edge() as opened:
        yield opened


@pytest.fixture
def issuer(edge):
    return edge.oidc.issuer()


def failed(edge, issuer, **context) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as failure:
        edge.sign_in(OIDC, oidc_options(issuer), issuer, **context)
    return failure.value


class TestWayOut:
    def test_browser_is_sent_with_everything_that_protects_the_return(self, edge, issuer):
        tx = edge.context()
        start = OIDC.start(oidc_options(issuer), tx, edge.ports)
        asked = parse_qs(urlsplit(start.url).query)
        assert start.url.startswith(f"{issuer.issuer}/authorize?")
        assert start.keep == {}
        assert asked == {
            "response_type": ["code"],
            "client_id": ["broker"],
            "redirect_uri": [CALLBACK],
            "scope": ["openid email profile"],
            "state": [tx.state],
            "nonce": [tx.nonce],
            "code_challenge": asked["code_challenge"],
            "code_challenge_method": ["S256"],
        }
        assert tx.verifier not in start.url

    def test_wishes_are_passed_on(self, edge, issuer):
        tx = edge.context(login_hint="ada@acme.example", prompt="login", max_age=300, acr_values="urn:mfa urn:pwd")
        start = OIDC.start(oidc_options(issuer), tx, edge.ports)
        asked = parse_qs(urlsplit(start.url).query)
        assert asked["login_hint"] == ["ada@acme.example"]
        assert asked["prompt"] == ["login"]
        assert asked["max_age"] == ["300"]
        assert asked["acr_values"] == ["urn:mfa urn:pwd"]
        assert start.keep == {"oldest": (edge.clock.now() - timedelta(seconds=300)).isoformat()}

    def test_query_of_the_endpoint_is_kept(self, edge, issuer):
        issuer.describes(authorization_endpoint=f"{issuer.issuer}/authorize?realm=a%26b")
        start = OIDC.start(oidc_options(issuer), edge.context(), edge.ports)
        assert parse_qs(urlsplit(start.url).query)["realm"] == ["a&b"]

    def test_form_may_lead_to_the_authorization_endpoint(self, edge, issuer):
        assert OIDC.origins(oidc_options(issuer), edge.ports) == (edge.oidc.origin,)
        issuer = edge.oidc.issuer().describes(authorization_endpoint="https://login.elsewhere.example:8443/authorize")
        assert OIDC.origins(oidc_options(issuer), edge.ports) == ("https://login.elsewhere.example:8443",)

    def test_form_may_lead_to_the_issuer_while_the_provider_is_down(self, edge, issuer):
        issuer.breaks("discovery")
        for _ in range(4):
            assert OIDC.origins(oidc_options(issuer), edge.ports) == (edge.oidc.origin,)
            edge.clock.advance(seconds=15)
        assert issuer.hits["discovery"] == 1


class TestWayBack:
    def test_person_arrives_with_what_the_provider_says(self, edge, issuer):
        issuer.says(acr="urn:mfa", amr=["pwd", "otp"], auth_time=1_700_000_000)
        person = Person(groups=("engineers", "staff"))
        arrived = edge.sign_in(OIDC, oidc_options(issuer), issuer, person)
        assert arrived.connection == "con_main"
        assert (arrived.issuer, arrived.subject) == (issuer.issuer, person.subject)
        assert (arrived.email, arrived.email_evidence) == ("ada@acme.example", {"email_verified": True})
        assert (arrived.given_name, arrived.family_name) == ("Ada", "Lovelace")
        assert arrived.display_name == "Ada Lovelace"
        assert arrived.groups == ("engineers", "staff")
        assert (arrived.acr, arrived.amr) == ("urn:mfa", ("pwd", "otp"))
        assert arrived.auth_time == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)

    def test_one_time_values_are_not_in_the_record(self, edge, issuer):
        issuer.says(deep={"nested": ["x" * 600]}, number=7)
        arrived = edge.sign_in(OIDC, oidc_options(issuer), issuer)
        assert "nonce" not in arrived.raw
        assert "at_hash" not in arrived.raw
        assert arrived.raw["deep"] == {"nested": ["x" * 500]}
        assert arrived.raw["number"] == 7

    @pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
    def test_secret_is_sent_as_registered(self, edge, issuer, method):
        issuer.client_id = "client:with/odd ü"
        edge.sign_in(OIDC, oidc_options(issuer, token_endpoint_auth=method), issuer)
        assert issuer.seen["client"]["method"] == method
        assert ("client_secret" in issuer.seen["token"]) is (method == "client_secret_post")
        assert issuer.seen["token"]["redirect_uri"] == CALLBACK

    @pytest.mark.parametrize("key", [signing.ec_key(), signing.ed_key()], ids=["ES256", "EdDSA"])
    def test_other_keys_than_rsa_will_do(self, edge, issuer, key):
        issuer.rotate_key(key)
        if key.algorithm == "EdDSA":
            issuer.says(at_hash=None)
        assert edge.sign_in(OIDC, oidc_options(issuer), issuer).subject

    def test_provider_that_does_not_announce_iss_need_not_send_it(self, edge, issuer):
        issuer.describes(authorization_response_iss_parameter_supported=None).iss_param(None)
        assert edge.sign_in(OIDC, oidc_options(issuer), issuer).subject

    def test_max_age_holds_on_return(self, edge, issuer):
        assert edge.sign_in(OIDC, oidc_options(issuer), issuer, max_age=300).subject
        issuer.says(auth_time=int(edge.clock.now().timestamp()) - 361)
        assert failed(edge, issuer, max_age=300).detail == "auth_time"
        assert edge.sign_in(OIDC, oidc_options(issuer), issuer).subject

    @pytest.mark.parametrize(
        ("value", "groups"),
        [
            (["a", "b"], ("a", "b")),
            ("a", ("a",)),
            ([], ()),
            (["a", "", "\u200b"], ("a",)),
            (["a", 5], None),
            ({"a": 1}, None),
            (["x" * 257, "a"], ("a",)),
            (["a"] * 2001, ("a",) * 2000),
            (None, None),
        ],
        ids=range(9),
    )
    def test_groups_are_a_list_or_unknown(self, edge, issuer, value, groups):
        issuer.says(groups=None, roles=value)
        assert edge.sign_in(OIDC, oidc_options(issuer, groups_claim="roles"), issuer).groups == groups

    @pytest.mark.parametrize("name", [5, None, "", "\u202e", ["Ada"]])
    def test_name_that_is_no_name_is_none(self, edge, issuer, name):
        issuer.says(name=name)
        assert edge.sign_in(OIDC, oidc_options(issuer), issuer).display_name is None

    @pytest.mark.parametrize("email", ["ada@acme.example\u200b", "a\r\nb@x.example", "a" * 255, 5, "", None], ids=repr)
    def test_address_that_would_have_to_be_mended_is_none(self, edge, issuer, email):
        issuer.says(email=email, email_verified=True)
        arrived = edge.sign_in(OIDC, oidc_options(issuer), issuer)
        assert arrived.email is None

    def test_time_that_is_no_time_is_none(self, edge, issuer):
        issuer.says(auth_time=10**12)
        assert edge.sign_in(OIDC, oidc_options(issuer), issuer).auth_time is None


class TestUserInfo:
    def test_what_the_id_token_lacks_comes_from_there(self, edge, issuer):
        issuer.says(name=None, given_name=None, family_name=None, email=None, email_verified=None, groups=None)
        arrived = edge.sign_in(OIDC, oidc_options(issuer, fetch_userinfo=True), issuer)
        assert arrived.display_name == "Ada Lovelace"
        assert (arrived.email, arrived.email_evidence) == ("ada@acme.example", {"email_verified": True})
        assert arrived.groups == ("engineers",)

    def test_how_the_person_signed_in_never_comes_from_there(self, edge, issuer):
        issuer.userinfo_says(acr="urn:mfa", amr=["otp"], auth_time=5)
        arrived = edge.sign_in(OIDC, oidc_options(issuer, fetch_userinfo=True), issuer)
        assert (arrived.acr, arrived.amr) == (None, ())

    def test_provider_without_such_an_endpoint(self, edge, issuer):
        issuer.describes(userinfo_endpoint=None)
        with pytest.raises(UpstreamFailure) as failure:
            edge.sign_in(OIDC, oidc_options(issuer, fetch_userinfo=True), issuer)
        assert (failure.value.cause, failure.value.detail) == (Cause.CONNECTION_MISCONFIGURED, "userinfo_missing")

    @pytest.mark.parametrize(("status", "cause"), [(401, Cause.UPSTREAM_RESPONSE_INVALID), (502, Cause.UPSTREAM_UNREACHABLE)])
    def test_endpoint_that_fails(self, edge, issuer, status, cause):
        issuer.breaks("userinfo", status)
        with pytest.raises(UpstreamFailure) as failure:
            edge.sign_in(OIDC, oidc_options(issuer, fetch_userinfo=True), issuer)
        assert (failure.value.cause, failure.value.detail) == (cause, "userinfo_status")


class TestRefusals:
    @pytest.mark.parametrize(
        ("error", "cause"),
        [
            ("access_denied", Cause.UPSTREAM_DENIED),
            ("login_required", Cause.INTERACTION_NEEDED),
            ("interaction_required", Cause.INTERACTION_NEEDED),
            ("account_selection_required", Cause.INTERACTION_NEEDED),
            ("consent_required", Cause.CONSENT_MISSING),
            ("server_error", Cause.UPSTREAM_UNREACHABLE),
            ("temporarily_unavailable", Cause.UPSTREAM_UNREACHABLE),
            ("invalid_request", Cause.CONNECTION_MISCONFIGURED),
            ("invalid_scope", Cause.CONNECTION_MISCONFIGURED),
            ("unauthorized_client", Cause.CONNECTION_MISCONFIGURED),
            ("something_new", Cause.UPSTREAM_DENIED),
        ],
    )
    def test_error_on_return_has_its_cause(self, edge, issuer, error, cause):
        issuer.error_callback(error, "Because.")
        failure = failed(edge, issuer)
        assert (failure.cause, failure.detail) == (cause, error)
        assert failure.facts["description"] == "Because."
        assert issuer.hits["token"] == 0

    def test_kind_reads_a_refusal_alone(self, issuer):
        options = oidc_options(issuer)
        assert OIDC.refusal(options, ReturnData("GET", {"code": "x"})) is None
        assert OIDC.refusal(options, ReturnData("GET", {"error": "access_denied"})).cause is Cause.UPSTREAM_DENIED

    @pytest.mark.parametrize(
        ("status", "body", "cause", "detail"),
        [
            (400, '{"error": "invalid_grant"}', Cause.FLOW_EXPIRED, "invalid_grant"),
            (401, '{"error": "invalid_client"}', Cause.CONNECTION_MISCONFIGURED, "invalid_client"),
            (400, '{"fault": 1}', Cause.UPSTREAM_RESPONSE_INVALID, "token_status"),
            (400, "no", Cause.UPSTREAM_RESPONSE_INVALID, "token_status"),
            (302, "", Cause.UPSTREAM_RESPONSE_INVALID, "token_status"),
            (500, '{"error": "invalid_client"}', Cause.UPSTREAM_UNREACHABLE, "token_status"),
            (429, "", Cause.UPSTREAM_UNREACHABLE, "token_status"),
        ],
    )
    def test_error_of_the_token_endpoint_has_its_cause(self, edge, issuer, status, body, cause, detail):
        issuer.answers("token", lambda: Response(body, status))
        failure = failed(edge, issuer)
        assert (failure.cause, failure.detail) == (cause, detail)

    def test_return_without_code_or_error(self, edge, issuer):
        tx = edge.context()
        back = ReturnData("GET", {"state": tx.state, "iss": issuer.issuer})
        with pytest.raises(UpstreamFailure) as failure:
            OIDC.finish(oidc_options(issuer), tx, back, edge.ports)
        assert failure.value.detail == "code"

    @pytest.mark.parametrize(
        ("pairs", "detail"), [([("code", "a"), ("code", "b")], "repeated"), ([("code", "x" * 8193)], "size")]
    )
    def test_return_beyond_measure(self, pairs, detail):
        with pytest.raises(UpstreamFailure) as failure:
            ReturnData.of("GET", pairs)
        assert failure.value.detail == detail


def test_returned_keeps_the_parameters_apart():
    assert returned(f"{CALLBACK}?code=a&state=b").args == {"code": "a", "state": "b"}

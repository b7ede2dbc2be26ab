"""Discovery documents and keys: what is believed, and for how long it is kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Event

import pytest
from werkzeug.wrappers import Response

from broker.kept import Kept
from broker.upstream.metadata import Provider, fetch_keys, provider_of, signing_key
from broker.upstream.signing_keys import SigningKeys
from broker.upstream.strict_json import read_object
from tenants.causes import Cause, UpstreamFailure
from tests.peers import signing
from tests.support.clock import FakeClock
from tests.support.edge import Edge, opened_edge

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with opened_edge() as opened:
        yield opened


def failure_of(call, *args) -> tuple[Cause, str]:
    with pytest.raises(UpstreamFailure) as failure:
        call(*args)
    return failure.value.cause, failure.value.detail


class TestDiscovery:
    def test_document_is_read_and_kept_for_an_hour(self, edge):
        issuer = edge.oidc.issuer()
        provider = provider_of(issuer.issuer, edge.ports)
        assert provider.token_endpoint == f"{issuer.issuer}/token"
        assert provider.sends_issuer
        edge.clock.advance(minutes=59)
        assert provider_of(issuer.issuer, edge.ports) is provider
        edge.clock.advance(minutes=1)
        assert provider_of(issuer.issuer, edge.ports) is not provider
        assert issuer.hits["discovery"] == 2

    def test_optional_members_may_be_absent(self, edge):
        issuer = edge.oidc.issuer().describes(
            userinfo_endpoint=None,
            authorization_response_iss_parameter_supported=None,
            token_endpoint_auth_methods_supported=None,
            code_challenge_methods_supported="S256",
        )
        provider = provider_of(issuer.issuer, edge.ports)
        assert provider.userinfo_endpoint is None
        assert not provider.sends_issuer
        assert provider.token_auth_methods == ("client_secret_basic",)
        assert provider.challenge_methods == ()

    @pytest.mark.parametrize(
        "endpoint",
        [
            "http://idp.example/token",
            "javascript:alert(1)",
            "https://u:p@idp.example/",
            "",
            None,
            5,
            ["https://x.example"],
        ],
    )
    def test_endpoint_that_is_no_safe_address_spoils_the_document(self, edge, endpoint):
        issuer = edge.oidc.issuer().describes(token_endpoint=endpoint)
        assert failure_of(provider_of, issuer.issuer, edge.ports) == (
            Cause.UPSTREAM_RESPONSE_INVALID,
            "discovery_endpoint",
        )

    @pytest.mark.parametrize(
        ("knob", "cause", "detail"),
        [
            (lambda issuer: issuer.html_reply("discovery"), Cause.UPSTREAM_RESPONSE_INVALID, "discovery_json"),
            (lambda issuer: issuer.breaks("discovery", 503), Cause.UPSTREAM_UNREACHABLE, "discovery_status"),
            (lambda issuer: issuer.breaks("discovery", 429), Cause.UPSTREAM_UNREACHABLE, "discovery_status"),
            (lambda issuer: issuer.breaks("discovery", 404), Cause.CONNECTION_MISCONFIGURED, "discovery_status"),
            (lambda issuer: issuer.huge_body("discovery"), Cause.UPSTREAM_UNREACHABLE, "size"),
        ],
        ids=["html", "out of order", "too many requests", "nothing there", "huge"],
    )
    def test_bad_answer_is_told_apart(self, edge, knob, cause, detail):
        issuer = edge.oidc.issuer()
        knob(issuer)
        assert failure_of(provider_of, issuer.issuer, edge.ports) == (cause, detail)

    def test_last_good_document_serves_for_a_day_when_the_provider_is_down(self, edge):
        issuer = edge.oidc.issuer()
        provider = provider_of(issuer.issuer, edge.ports)
        issuer.breaks("discovery")
        edge.clock.advance(hours=24)
        assert provider_of(issuer.issuer, edge.ports) == provider
        edge.clock.advance(hours=1)
        assert failure_of(provider_of, issuer.issuer, edge.ports)[0] is Cause.UPSTREAM_UNREACHABLE

    def test_failure_is_remembered_for_a_moment_only(self, edge):
        issuer = edge.oidc.issuer().breaks("discovery")
        for _ in range(3):
            failure_of(provider_of, issuer.issuer, edge.ports)
        assert issuer.hits["discovery"] == 1
        issuer.recovers()
        edge.clock.advance(seconds=5)
        assert provider_of(issuer.issuer, edge.ports).issuer == issuer.issuer


class TestKeys:
    @pytest.fixture
    def issuer(self, edge):
        return edge.oidc.issuer()

    @pytest.fixture
    def provider(self, edge, issuer) -> Provider:
        return provider_of(issuer.issuer, edge.ports)

    def find(self, edge, provider, key, connection="con_a"):
        return signing_key(provider, connection, key.kid, key.algorithm, edge.ports)

    def test_new_key_is_found_at_the_first_token(self, edge, issuer, provider):
        self.find(edge, provider, issuer.keys[0])
        edge.clock.advance(minutes=2)
        issuer.rotate_key()
        assert self.find(edge, provider, issuer.keys[0]) is not None
        assert self.find(edge, provider, issuer.keys[1]) is not None
        assert issuer.hits["jwks"] == 2

    def test_keys_are_refetched_per_connection(self, edge, issuer, provider):
        unknown = signing.rsa_key()
        self.find(edge, provider, issuer.keys[0], "con_a")
        failure_of(self.find, edge, provider, unknown, "con_a")
        assert issuer.hits["jwks"] == 1
        failure_of(self.find, edge, provider, unknown, "con_b")
        assert issuer.hits["jwks"] == 2

    def test_last_good_keys_serve_for_an_hour_more_when_the_provider_is_down(self, edge, issuer, provider):
        self.find(edge, provider, issuer.keys[0])
        issuer.breaks("jwks")
        edge.clock.advance(minutes=119)
        assert self.find(edge, provider, issuer.keys[0]) is not None
        edge.clock.advance(minutes=1)
        assert failure_of(self.find, edge, provider, issuer.keys[0])[0] is Cause.UPSTREAM_UNREACHABLE

    def test_unknown_key_while_the_provider_is_down_is_its_failure(self, edge, issuer, provider):
        self.find(edge, provider, issuer.keys[0])
        edge.clock.advance(minutes=2)
        issuer.breaks("jwks")
        assert failure_of(self.find, edge, provider, signing.rsa_key())[0] is Cause.UPSTREAM_UNREACHABLE
        assert self.find(edge, provider, issuer.keys[0]) is not None

    def test_no_key_set(self, edge, issuer):
        issuer.answers("jwks", lambda: Response('{"keys": {}}'))
        place = f"{issuer.issuer}/jwks"
        assert failure_of(fetch_keys, place, edge.ports.http) == (Cause.UPSTREAM_RESPONSE_INVALID, "jwks_json")


class TestSigningKeys:
    @pytest.mark.parametrize(
        "key",
        [signing.rsa_key(), signing.rsa_key(algorithm="PS256"), signing.ec_key(), signing.ed_key()],
        ids=["RS256", "PS256", "ES256", "EdDSA"],
    )
    def test_usual_keys_are_found(self, key):
        assert SigningKeys({"keys": [key.jwk()]}).find(key.kid, key.algorithm) is not None

    @pytest.mark.parametrize(
        "changes",
        [
            {"use": "enc"},
            {"key_ops": ["encrypt"]},
            {"key_ops": "verify"},
            {"alg": "RS512"},
            {"alg": ["RS256"]},
            {"kid": 5},
            {"kty": "oct", "k": "c2VjcmV0"},
            {"kty": "AKP"},
            {"kty": None},
            {"n": "!"},
            {"n": 5},
            {"n": "AAAAA"},
            {"e": ""},
        ],
        ids=str,
    )
    def test_unfit_key_is_passed_over(self, changes):
        good = signing.rsa_key()
        bad = {**signing.rsa_key(2).jwk(), **changes}
        keys = SigningKeys({"keys": [bad, "no key at all", good.jwk()]})
        assert keys.find(good.kid, "RS256") is not None
        assert not isinstance(bad["kid"], str) or keys.find(bad["kid"], "RS256") is None

    def test_short_rsa_key_is_passed_over(self):
        key = signing.rsa_key(bits=1024)
        assert len(SigningKeys({"keys": [key.jwk()]})) == 0

    def test_unusual_curve_is_passed_over(self):
        key = signing.ec_key()
        assert SigningKeys({"keys": [{**key.jwk(), "crv": "P-999"}]}).find(key.kid, "ES256") is None

    def test_without_key_id_there_must_be_no_choice(self):
        one, two, other = signing.rsa_key(1), signing.rsa_key(2), signing.ec_key()
        assert SigningKeys({"keys": [one.jwk(), other.jwk()]}).find(None, "RS256") is not None
        assert SigningKeys({"keys": [one.jwk(), two.jwk()]}).find(None, "RS256") is None

    def test_two_keys_under_one_id_are_no_key(self):
        one, two = signing.rsa_key(1), replace(signing.rsa_key(2), kid="same")
        assert SigningKeys({"keys": [{**one.jwk(), "kid": "same"}, two.jwk()]}).find("same", "RS256") is None


class TestKept:
    def test_one_fetch_serves_all_who_wait(self):
        kept, calls, meet = Kept(FakeClock()), [], Barrier(9)
        first_in = Event()

        def make():
            calls.append(1)
            first_in.wait(5)
            return "value"

        def ask():
            meet.wait(5)
            return kept.get("key", make, ttl=HOUR)

        with ThreadPoolExecutor(8) as threads:
            answers = [threads.submit(ask) for _ in range(8)]
            meet.wait(5)
            first_in.set()
            assert {answer.result(5) for answer in answers} == {"value"}
        assert len(calls) == 1

    def test_old_value_serves_while_somebody_fetches_a_new_one(self):
        clock = FakeClock()
        kept, fetching, go_on = Kept(clock), Event(), Event()
        kept.get("key", lambda: "old", ttl=HOUR, grace=HOUR)
        clock.advance(hours=1)

        def make():
            fetching.set()
            go_on.wait(5)
            return "new"

        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(kept.get, "key", make, ttl=HOUR, grace=HOUR)
            fetching.wait(5)
            assert kept.get("key", make, ttl=HOUR, grace=HOUR) == "old"
            go_on.set()
            assert slow.result(5) == "new"
        assert kept.get("key", make, ttl=HOUR, grace=HOUR) == "new"

    def test_least_recently_used_goes_first(self):
        kept = Kept(FakeClock(), capacity=2)
        for key in ("a", "b", "a", "c"):
            kept.get(key, lambda key=key: key, ttl=HOUR)
        made = []
        for key in ("a", "c", "b"):
            kept.get(key, lambda key=key: made.append(key), ttl=HOUR)
        assert made == ["b"]

    def test_other_faults_are_not_kept(self):
        kept = Kept(FakeClock())
        with pytest.raises(ZeroDivisionError):
            kept.get("key", lambda: 1 / 0, ttl=HOUR)
        assert kept.get("key", lambda: 1, ttl=HOUR) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b'"text"',
        b"null",
        b"",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'\xef\xbb\xbf{"a": 1}',
    ],
    ids=range(14),
)
def test_only_one_plain_object_is_json_to_us(text):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the reason
        read_object(text)


def test_json_may_spell_characters_as_numbers():
    assert read_object(b'{"a": "\\ud83d\\ude00\\u00fc"}') == {"a": "😀ü"}

"""What an admin may fill in for an OpenID Connect connection, and what its test tells."""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from broker.upstream import KINDS
from broker.upstream.kind import secret_fields
from broker.upstream.oidc import OidcOptions
from tests.support.edge import Edge, oidc_options, opened_edge

OIDC = KINDS["oidc"]


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with opened_edge() as opened:
        yield opened


@pytest.fixture
def issuer(edge):
    return edge.oidc.issuer()


class TestOptions:
    GOOD = {"issuer": "https://idp.example", "client_id": "broker", "client_secret": "hidden-value"}  # noqa: RUF012

    def test_secret_is_marked_and_never_shown(self):
        options = OidcOptions(**self.GOOD)
        assert secret_fields(OidcOptions) == ("client_secret", "client_key")
        assert "hidden-value" not in repr(options)

    def test_openid_is_always_asked_for(self):
        assert OidcOptions(**self.GOOD, scopes=["email"]).scopes == ("openid", "email")

    @pytest.mark.parametrize(
        "changes",
        [
            {"issuer": "idp.example"},
            {"issuer": "https://idp.example?x=1"},
            {"issuer": "https://u:p@idp.example"},
            {"issuer": "ftp://idp.example"},
            {"issuer": "http://idp.example"},
            {"client_id": ""},
            {"client_secret": ""},
            {"token_endpoint_auth": "none"},
            {"scopes": ["open id"]},
            {"redirect_uri": "https://x.example"},
        ],
        ids=str,
    )
    def test_what_cannot_be_is_refused(self, changes):
        with pytest.raises(ValidationError):
            OidcOptions(**(self.GOOD | changes))

    def test_every_field_says_what_it_is(self):
        for kind in KINDS.values():
            for field in kind.options_type.model_fields.values():
                assert field.title
                assert field.description


class TestConnectionTest:
    def codes(self, edge, issuer, **changes) -> dict[str, str]:
        found = OIDC.check(oidc_options(issuer, **changes), edge.ports)
        assert all(str(finding.sentence) for finding in found)
        return {finding.code: finding.severity for finding in found}

    def test_good_connection(self, edge, issuer):
        assert self.codes(edge, issuer) == {"discovery": "ok", "keys": "ok", "credentials": "ok"}

    def test_wrong_secret(self, edge, issuer):
        assert self.codes(edge, issuer, client_secret="other")["credentials"] == "bad"

    def test_no_usable_key(self, edge, issuer):
        issuer.withdraw_key()
        assert self.codes(edge, issuer)["no_keys"] == "bad"

    def test_keys_that_can_not_be_fetched(self, edge, issuer):
        issuer.html_reply("jwks")
        assert self.codes(edge, issuer)["jwks_json"] == "bad"

    def test_methods_that_are_not_announced(self, edge, issuer):
        issuer.describes(code_challenge_methods_supported=None, token_endpoint_auth_methods_supported=["client_secret_post"])
        codes = self.codes(edge, issuer)
        assert (codes["auth_method"], codes["pkce"]) == ("warn", "warn")

    def test_token_endpoint_that_says_something_else(self, edge, issuer):
        assert self.codes(edge, issuer.html_reply())["credentials"] == "warn"

    def test_token_endpoint_that_does_not_answer(self, edge, issuer):
        assert self.codes(edge, issuer.huge_body())["size"] == "bad"

    def test_provider_that_is_mended_passes_at_once(self, edge, issuer):
        issuer.breaks("discovery")
        assert self.codes(edge, issuer) == {"discovery_status": "bad"}
        issuer.recovers()
        assert self.codes(edge, issuer)["discovery"] == "ok"

"""Products that are known: naming one is most of setting it up (T3)."""

import tomllib

import pytest
from pydantic import ValidationError

from broker.upstream import KINDS
from broker.upstream.oidc_options import OidcOptions
from broker.upstream.preset_guide import guide, overview
from broker.upstream.presets import OWN_KINDS, PRESETS
from tenants.connections import BEING_SAVED
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.commands import environment, run
from tests.support.edge import oidc_options, opened_edge

OURS = {"client_id": "broker", "client_secret": "x"}
GENERIC = {name: preset for name, preset in PRESETS.items() if preset.kind == "oidc"}
ISSUERS = {
    "adfs": ({"domain": "sts.acme.example"}, "https://sts.acme.example/adfs"),
    "akamai": (
        {"domain": "v1.api.us.janrain.com", "realm": "00000000-0000-0000-0000-000000000000"},
        "https://v1.api.us.janrain.com/00000000-0000-0000-0000-000000000000/login",
    ),
    "auth0": ({"domain": "acme.eu.auth0.com"}, "https://acme.eu.auth0.com/"),
    "cas": ({"domain": "sso.acme.example"}, "https://sso.acme.example/cas/oidc"),
    "gitlab": ({}, "https://gitlab.com"),
    "keycloak": ({"domain": "sso.acme.example:8443/auth/", "realm": "acme"}, "https://sso.acme.example:8443/auth/realms/acme"),
    "okta": ({"domain": "acme.okta.com"}, "https://acme.okta.com"),
    "pingfederate": ({"domain": "sso.acme.example:9031"}, "https://sso.acme.example:9031"),
    "webex": ({}, "https://idbroker.webex.com/idb"),
}


def test_each_makes_the_issuer_that_the_product_documents():
    assert ISSUERS.keys() == GENERIC.keys()
    for name, (given, issuer) in ISSUERS.items():
        options = OidcOptions(preset=name, **given, **OURS)
        assert options.issuer == issuer, name
        stored = options.model_dump(mode="json", exclude={"client_secret"}, exclude_unset=True)
        assert OidcOptions(**stored, client_secret="x") == options, f"{name}: what is stored reads the same"
        assert not {"domain", "realm"} & stored.keys(), f"{name}: the issuer is what counts from then on"


def test_what_is_written_goes_before_what_is_known():
    options = OidcOptions(
        preset="auth0", issuer="https://login.acme.example/", token_endpoint_auth="client_secret_basic", **OURS
    )
    assert (options.issuer, options.token_endpoint_auth) == ("https://login.acme.example/", "client_secret_basic")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"preset": "unheard-of"}, "preset must be one of"),
        ({"preset": ["okta"]}, "preset must be one of"),
        ({"preset": "entra"}, 'write kind = "entra"'),
        ({"preset": "google", "domain": "acme.example"}, 'write kind = "google"'),
        ({"preset": "okta"}, "needs domain"),
        ({"preset": "okta", "domain": ""}, "needs domain"),
        ({"preset": "okta", "domain": "acme.okta.com", "realm": "x"}, "needs domain"),
        ({"preset": "okta", "domain": "acme.okta.com", "issuer": "https://acme.okta.com"}, "either issuer, or"),
        ({"preset": "okta", "domain": "acme.okta.com@evil.example"}, "plain value"),
        ({"preset": "okta", "domain": "acme.okta.com?x"}, "plain value"),
        ({"preset": "okta", "domain": 7}, "plain value"),
        ({"preset": "keycloak", "domain": "sso.acme.example"}, "domain and realm"),
        ({"domain": "acme.okta.com"}, "belong to a preset"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_words(given, words):
    with pytest.raises(ValidationError) as refused:
        OidcOptions(**given, **OURS)
    assert words in refused.value.errors()[0]["msg"]


def test_issuer_with_a_kind_of_its_own_is_refused_where_it_is_saved_and_goes_on_where_it_is_stored(
    broker, database_url, google_peer, browser, tmp_path
):
    """Whoever came by it before an upgrade comes by it after."""
    home = factories.tenant(broker)
    for host, kind in OWN_KINDS.items():
        values = {"issuer": f"https://{host}/x/v2.0"} | OURS
        with pytest.raises(ValidationError) as refused:
            OidcOptions.model_validate(values, context={BEING_SAVED: True})
        assert f'write kind = "{kind}"' in refused.value.errors()[0]["msg"], host
        assert OidcOptions.model_validate(values).issuer == values["issuer"], host
    way = steps.google_way(home, google_peer, "old")
    stored = {"issuer": way.idp.issuer, "client_id": way.idp.client_id, "token_endpoint_auth": "client_secret_post"}
    way.change(kind="oidc", options=stored)
    way.idp.person = Person(f"ada@{home.domain}")
    steps.listed(home)
    known = factories.account(home, way.idp.person.email, with_password=False, with_totp=False)
    factories.identity(home, known.id, way.row.id, issuer=way.idp.issuer, subject=way.idp.person.subject)
    assert steps.is_signed_in(steps.enter(browser, home, way), home)
    found = KINDS["oidc"].check(OidcOptions(**stored, client_secret=way.idp.client_secret), broker.ports)
    assert ("warn", "own_kind") in [(one.severity, one.code) for one in found]
    file = tmp_path / "draft.toml"
    file.write_text('label = "Old"', encoding="utf-8")
    told = run("connection", "draft", home.slug, "old", str(file), **environment(database_url))
    assert (told.exit_code, 'write kind = "google"' in told.stderr) == (1, True)


def test_guide_gives_both_sides_and_what_it_writes_is_a_file():
    listed = list(overview())
    assert len(listed) == len(PRESETS)
    for name, preset in PRESETS.items():
        lines = list(guide(name, "sso", "https://login.example/t/acme/callback/sso"))
        if preset.kind != "oidc":
            assert preset.kind in KINDS
            continue
        assert "  Redirect URI: https://login.example/t/acme/callback/sso" in lines
        block = lines[lines.index("In the tenants file:") + 1 :]
        block = block[: block.index("")] if "" in block else block
        written = tomllib.loads("\n".join(block).replace("<slug>", "acme"))
        table = written["tenants"]["acme"]["connections"]["sso"]
        assert table.pop("kind") == "oidc"
        assert table.keys() - {"label", "client_secret"} <= OidcOptions.model_fields.keys()


def test_command_names_the_very_address_of_a_tenant(broker, database_url):
    home = factories.tenant(broker)
    variables = environment(database_url)
    assert "Okta" in run("connection", "presets").stdout
    told = run("connection", "presets", "okta", "--tenant", home.slug, "--key", "staff", **variables)
    assert f"  Redirect URI: {home.url}/callback/staff" in told.stdout.splitlines()
    assert "{T}/callback/sso" in run("connection", "presets", "okta").stdout
    for wrong in (("okta", "--tenant", "nobody"), ("okta", "--key", "idp"), ("unheard-of",)):
        assert run("connection", "presets", *wrong, **variables).exit_code != 0, wrong


def test_connection_test_says_what_does_not_fit():
    oidc = KINDS["oidc"]
    with opened_edge() as edge:
        issuer = edge.oidc.issuer().describes(
            response_types_supported=["id_token"],
            response_modes_supported=["query"],
            scopes_supported=["openid", "email"],
            claims_supported=["sub", "name"],
            id_token_signing_alg_values_supported=["HS256"],
            userinfo_endpoint=None,
        )
        options = oidc_options(issuer, response_mode="form_post", fetch_userinfo=True)
        found = {finding.code: (finding.severity, str(finding.sentence)) for finding in oidc.check(options, edge.ports)}
        assert {code: severity for code, (severity, _) in found.items()} == {
            "discovery": "ok",
            "keys": "ok",
            "credentials": "ok",
            "response_types": "bad",
            "response_mode": "warn",
            "scopes": "warn",
            "claims": "warn",
            "algorithms": "bad",
            "userinfo_missing": "bad",
        }
        assert "profile" in found["scopes"][1]

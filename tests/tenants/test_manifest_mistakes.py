"""Mistakes in a tenants file: each is told with its path and what is allowed, all at once, and never with a value."""

from pathlib import Path
from string import Template

import pytest

from broker.upstream.oidc_options import OidcOptions
from tenants.manifest.faults import ManifestError
from tenants.manifest.reading import read_manifest
from tenants.manifest.sources import Sources
from tenants.manifest.specs import ConnectionSpec
from tests.support.manifests import (
    APPLICATION,
    CANARIES,
    CONNECTION,
    DOMAIN,
    ENVIRONMENT,
    JANE,
    LOCAL_ON,
    SMALL,
    SURROUNDINGS,
    WHOLE,
)

TENANT_KEYS = (
    "name, address, hosts, status, policy, branding, mails, contacts, organizations, domains, connections, applications, "
    "saml_applications, accounts"
)
OIDC_KEYS = ", ".join((*ConnectionSpec.model_fields, *OidcOptions.model_fields))
REFERENCE = 'a secret never stands in this file: write { env = "NAME" } or { file = "path" }.'
NO_KEY = "a key has small letters, digits and hyphens, begins with a letter, and is at most 63 long."


def faults(text: str, folder: Path, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read_manifest(Template(text).substitute(t="acme"), SURROUNDINGS, Sources(folder, environment or ENVIRONMENT))
    return [str(fault) for fault in caught.value.faults]


def organization(key: str, under: str) -> str:
    return f'[tenants.acme.organizations.{key}]\nname = "{key}"\nparent = "{under}"\n'


MISTAKES = {
    "no tenant": ("", ["tenants: is missing."]),
    "an empty list of tenants": ("[tenants]", ["tenants: must not be empty."]),
    "another table beside the tenants": (
        SMALL + "[tenant.x]\n",
        ["tenant: is not known here. Did you mean tenants? Allowed: tenants."],
    ),
    "a misspelt key": (
        '[tenants.acme]\nnam = "Acme"\n',
        [
            "tenants.acme.name: is missing.",
            f"tenants.acme.nam: is not known here. Did you mean name? Allowed: {TENANT_KEYS}.",
        ],
    ),
    "a slug with a capital": ('[tenants.Acme]\nname = "Acme"\n', [f"tenants.Acme: {NO_KEY}"]),
    "a name that is a number": ("[tenants.acme]\nname = 5\n", ["tenants.acme.name: must be text in quotes."]),
    "a name with a line break": (
        '[tenants.acme]\nname = "a\\nb"\n',
        ["tenants.acme.name: must be one line without invisible characters."],
    ),
    "an empty name": ('[tenants.acme]\nname = " "\n', ["tenants.acme.name: must not be empty."]),
    "an unknown status": (
        SMALL + 'status = "activ"\n',
        ["tenants.acme.status: must be one of active, suspended. Did you mean active?"],
    ),
    "a host with a scheme": (
        SMALL + 'address = "https://x.example"\n',
        ["tenants.acme.address: must be a host name such as login.acme.example, without https:// and port."],
    ),
    "the main host": (
        SMALL + 'address = "main.example"\n',
        ["tenants.acme.address: is the main host of this installation; a tenant needs another one."],
    ),
    "a host of two tenants": (
        SMALL + 'hosts = ["a.example"]\n[tenants.other]\nname = "Other"\naddress = "a.example"\n',
        ["tenants.other.address: leads to acme already."],
    ),
    "a policy that is misspelt": (
        SMALL + '[tenants.acme.policy]\nlocal_enable = true\npassword = "nist2"\n',
        [
            "tenants.acme.policy.password: must be one of nist, l5b, l5c. Did you mean nist?",
            "tenants.acme.policy.local_enable: is not known here. Did you mean local_enabled? Allowed: sign_in_page, "
            "local_enabled, password, password_rules, on_breach, discloses_account_state, session_idle_minutes, "
            "session_absolute_minutes, email_factor, passkeys, trusted_device_days, token_key_days, activation_days, "
            "inactive_days, warning_days, trace_days, parts_may.",
        ],
    ),
    "a policy out of bounds": (
        SMALL + "[tenants.acme.policy]\nactivation_days = 0\ninactive_days = 99999\n",
        [
            "tenants.acme.policy.activation_days: must be at least 1.",
            "tenants.acme.policy.inactive_days: must be at most 3650.",
        ],
    ),
    "a policy that contradicts itself": (
        SMALL + "[tenants.acme.policy]\nsession_idle_minutes = 60\nsession_absolute_minutes = 30\n",
        ["tenants.acme.policy: session_idle_minutes must not be longer than session_absolute_minutes."],
    ),
    "a colour by name": (
        SMALL + '[tenants.acme.branding]\ncolour = "green"\n',
        ["tenants.acme.branding.colour: must be a colour such as #0d6b64."],
    ),
    "a logo that is not there": (
        SMALL + '[tenants.acme.branding]\nlogo = "no.svg"\n',
        ["tenants.acme.branding.logo: the file no.svg can't be read (No such file or directory)."],
    ),
    "a contact without a label, with no address": (
        SMALL + '[[tenants.acme.contacts]]\nemail = "it"\n',
        [
            "tenants.acme.contacts[0].label: is missing.",
            "tenants.acme.contacts[0].email: An e-mail address has exactly one @, as in jane@company.example.",
        ],
    ),
    "a contact of nobody": (
        SMALL + '[[tenants.acme.contacts]]\nlabel = "IT"\norganization = "it"\n',
        ["tenants.acme.contacts[0].organization: there is no such organization in this tenant. There are: root."],
    ),
    "organizations in a circle": (
        SMALL + organization("a", under="b") + organization("b", under="a"),
        [
            "tenants.acme.organizations.a.parent: leads back to itself.",
            "tenants.acme.organizations.b.parent: leads back to itself.",
        ],
    ),
    "an organization under a circle": (
        SMALL + organization("a", under="a") + organization("b", under="a"),
        ["tenants.acme.organizations.a.parent: leads back to itself."],
    ),
    "an organization under nothing": (
        SMALL + organization("a", under="x"),
        ["tenants.acme.organizations.a.parent: there is no such organization in this tenant. There are: root, a."],
    ),
    "an organization with the root's key": (
        SMALL + '[tenants.acme.organizations.root]\nname = "A"\n',
        ["tenants.acme.organizations.root: this key is reserved: root is the tenant itself and has its name."],
    ),
    "no domain name": (
        SMALL + '[tenants.acme.domains."acme"]\n',
        ['tenants.acme.domains.acme: must be a domain such as "acme.example" or "*.acme.example".'],
    ),
    "a domain that routes nowhere": (
        f'{SMALL}[tenants.acme.domains]\n"a.example" = {{ connection = "x" }}\n"b.example" = {{ routing = "enforce" }}\n',
        [
            'tenants.acme.domains."a.example".connection: there is no such connection in this tenant. There are: none.',
            'tenants.acme.domains."b.example".routing: needs a connection to enforce.',
        ],
    ),
    "a reserved connection key": (
        SMALL + CONNECTION.replace("partners", "idp"),
        ["tenants.acme.connections.idp: this key is reserved (door, idp, local)."],
    ),
    "an unknown kind": (
        SMALL + CONNECTION.replace('"oidc"', '"oidk"'),
        ["tenants.acme.connections.partners.kind: must be one of entra, google, oidc, saml. Did you mean oidc?"],
    ),
    "no kind": (
        SMALL + CONNECTION.replace('kind = "oidc"', ""),
        ["tenants.acme.connections.partners.kind: is missing."],
    ),
    "words that are no second factor": (
        SMALL + CONNECTION + 'second_factor_values = ["mfa", "pwd", "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"]\n',
        [
            f"tenants.acme.connections.partners.second_factor_values[{number}]: can't count as a second factor: it says "
            "nothing, or that one thing was known."
            for number in (1, 2)
        ],
    ),
    "an option that the kind does not have": (
        SMALL + CONNECTION.replace("issuer", "isuer"),
        [
            "tenants.acme.connections.partners.issuer: is missing.",
            f"tenants.acme.connections.partners.isuer: is not known here. Did you mean issuer? Allowed: {OIDC_KEYS}.",
        ],
    ),
    "an option that is not right": (
        SMALL + CONNECTION.replace("https://login.$t.example", "ftp://login"),
        ["tenants.acme.connections.partners.issuer: must be an address such as https://login.example."],
    ),
    "a secret in the file": (
        SMALL + CONNECTION.replace('{ env = "CONNECTION" }', '"canary-connection-secret"'),
        [f"tenants.acme.connections.partners.client_secret: {REFERENCE}"],
    ),
    "a secret from two places": (
        SMALL + CONNECTION.replace('{ env = "CONNECTION" }', '{ env = "CONNECTION", file = "x" }'),
        ["tenants.acme.connections.partners.client_secret: needs either env or file."],
    ),
    "a secret from somewhere else": (
        SMALL + CONNECTION.replace('{ env = "CONNECTION" }', '{ vault = "x" }'),
        ["tenants.acme.connections.partners.client_secret.vault: is not known here. Allowed: env, file."],
    ),
    "a secret that is not set": (
        SMALL + CONNECTION.replace('"CONNECTION"', '"NOT_SET"'),
        ["tenants.acme.connections.partners.client_secret: the environment variable NOT_SET is not set or empty."],
    ),
    "a secret file that is not there": (
        SMALL + CONNECTION.replace('env = "CONNECTION"', 'file = "no-secret"'),
        ["tenants.acme.connections.partners.client_secret: the file no-secret can't be read (No such file or directory)."],
    ),
    "an unknown icon": (
        SMALL + CONNECTION + 'icon = "kei"\n',
        [f"tenants.acme.connections.partners.icon: must be one of {', '.join(sorted(SURROUNDINGS.icons))}. Did you mean key?"],
    ),
    "no network": (
        SMALL + CONNECTION + 'networks = ["192.0.2.0/24", "192.0.2.1/24"]\n',
        ["tenants.acme.connections.partners.networks[1]: must be an address range such as 192.0.2.0/24."],
    ),
    "first in no network": (
        SMALL + CONNECTION + 'network_mode = "first"\n',
        ['tenants.acme.connections.partners: network_mode = "first" needs networks.'],
    ),
    "a switch in quotes": (
        SMALL + CONNECTION + 'enabled = "true"\nposition = "1"\n',
        [
            "tenants.acme.connections.partners.position: must be a whole number.",
            "tenants.acme.connections.partners.enabled: must be true or false.",
        ],
    ),
    "faults of a connection beside faults elsewhere": (
        SMALL + 'status = "x"\n' + CONNECTION.replace("issuer", "isuer").replace("label", "lable"),
        [
            "tenants.acme.status: must be one of active, suspended.",
            "tenants.acme.connections.partners.label: is missing.",
            "tenants.acme.connections.partners.issuer: is missing.",
            f"tenants.acme.connections.partners.lable: is not known here. Did you mean label? Allowed: {OIDC_KEYS}.",
            f"tenants.acme.connections.partners.isuer: is not known here. Did you mean issuer? Allowed: {OIDC_KEYS}.",
        ],
    ),
    "a connection that is no table": (
        SMALL + "[tenants.acme.connections]\nentra = 5\n",
        ["tenants.acme.connections.entra: must be a table."],
    ),
    "tenants that are no tables": ("tenants = 5\n", ["tenants: must be a table."]),
    "an application without return addresses": (
        SMALL + APPLICATION.replace('["https://travel.example/callback"]', "[]"),
        ["tenants.acme.applications.travel: needs redirect_uris."],
    ),
    "an application without a secret": (
        SMALL + APPLICATION.replace('client_secret = { env = "CLIENT" }', ""),
        [
            'tenants.acme.applications.travel: needs client_secret; or client_auth = "none" for an application that can '
            "keep no secret."
        ],
    ),
    "a public application with a secret": (
        SMALL + APPLICATION + 'client_auth = "none"\n',
        ['tenants.acme.applications.travel: has a client_secret although client_auth is "none".'],
    ),
    "a public application without PKCE": (
        SMALL
        + APPLICATION.replace('client_secret = { env = "CLIENT" }', 'client_auth = "none"\nrequire_pkce = false'),
        ["tenants.acme.applications.travel: can't do without PKCE, having no secret: leave require_pkce out."],
    ),
    "a weak client secret": (
        SMALL + APPLICATION.replace('"CLIENT"', '"SEED"'),
        ["tenants.acme.applications.travel.client_secret: must have at least 32 random characters."],
    ),
    "a client id with a space": (
        SMALL + APPLICATION + 'client_id = "a b"\n',
        ["tenants.acme.applications.travel.client_id: must have letters, digits and . _ ~ - only."],
    ),
    "a client id twice": (
        SMALL + APPLICATION + 'client_id = "x"\n' + APPLICATION.replace("travel]", "x]"),
        ["tenants.acme.applications.x.client_id: is that of travel already."],
    ),
    "an application that accepts a way that is not there": (
        SMALL + APPLICATION + 'connections = ["local", "entra"]\n',
        ["tenants.acme.applications.travel.connections[1]: there is no such way in in this tenant. There are: local."],
    ),
    "no address of a person": (
        SMALL + '[tenants.acme.accounts."jane"]\n',
        ["tenants.acme.accounts.jane: An e-mail address has exactly one @, as in jane@company.example."],
    ),
    "a person twice": (
        SMALL + '[tenants.acme.accounts."jane@a.example"]\n[tenants.acme.accounts."Jane@A.example"]\n',
        ['tenants.acme.accounts."Jane@a.example": stands here twice, in two spellings.'],
    ),
    "an end without an offset": (
        SMALL + '[tenants.acme.accounts."jane@a.example"]\nexpires = 2031-01-01T00:00:00\n',
        ['tenants.acme.accounts."jane@a.example".expires: needs an offset, as in 2027-01-31T18:00:00Z, or be a day.'],
    ),
    "an end in quotes": (
        SMALL + '[tenants.acme.accounts."jane@a.example"]\nexpires = "2031-01-01"\n',
        [
            'tenants.acme.accounts."jane@a.example".expires: must be a day such as 2027-01-31 or a time such as '
            "2027-01-31T18:00:00Z, without quotes."
        ],
    ),
    "a field that is the broker's own": (
        SMALL + '[tenants.acme.accounts."jane@a.example"]\nemail_verified = true\n',
        [
            'tenants.acme.accounts."jane@a.example".email_verified: is not known here. Allowed: name, given_name, '
            "family_name, organization, local, state, role, expires, groups, password, totp_secret."
        ],
    ),
    "a password without local sign-in of the account": (
        LOCAL_ON + JANE.replace("local = true", ""),
        ['tenants.acme.accounts."jane@acme.example": has a password or totp_secret, but not local = true.'],
    ),
    "a password without local sign-in of the tenant": (
        SMALL + JANE,
        [
            'tenants.acme.accounts."jane@acme.example": has a password or totp_secret, but the tenant\'s '
            "policy.local_enabled is not true."
        ],
    ),
    "a seed that is none": (
        LOCAL_ON + JANE.replace('"SEED"', '"PASSWORD"'),
        ['tenants.acme.accounts."jane@acme.example".totp_secret: must be a base32 seed of 16 characters or more.'],
    ),
    "no TOML": (SMALL + "name = \n", ["line 4, column 8: this is not TOML: invalid value."]),
    "a string left open": (SMALL + 'status = """active\n', ["line 5: this is not TOML: unterminated string."]),
    "a table twice": (SMALL + SMALL, ["line 5, column 14: this is not TOML: cannot declare ('tenants', 'acme') twice."]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_path_and_what_is_allowed(text: str, expected: list[str], tmp_path: Path) -> None:
    assert faults(text, tmp_path) == expected


@pytest.mark.parametrize("text", [text for text, _ in MISTAKES.values()], ids=MISTAKES.keys())
def test_op02_no_sentence_repeats_a_value(text: str, tmp_path: Path) -> None:
    told = "\n".join(faults(text, tmp_path))
    assert [canary for canary in CANARIES if canary in told] == []


def test_a_password_beyond_measure_is_refused_without_being_shown(tmp_path: Path) -> None:
    told = faults(LOCAL_ON + JANE, tmp_path, ENVIRONMENT | {"PASSWORD": "p" * 2000})
    assert told == ['tenants.acme.accounts."jane@acme.example".password: can\'t be a password: it is too long.']


def test_a_secret_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    told = faults(SMALL + CONNECTION.replace('env = "CONNECTION"', 'file = "secret"'), tmp_path)
    assert told == ["tenants.acme.connections.partners.client_secret: the file secret is not text in UTF-8."]


def test_a_secret_is_read_from_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n", encoding="utf-8")
    text = Template(SMALL + CONNECTION.replace('env = "CONNECTION"', 'file = "secret"')).substitute(t="acme")
    manifest = read_manifest(text, SURROUNDINGS, Sources(tmp_path, {}))
    assert manifest.tenants[0].connections["partners"].secrets == {"client_secret": "from a file"}


def test_op02_a_manifest_shows_no_secret_when_printed(tmp_path: Path) -> None:
    text = Template(WHOLE).substitute(t="acme")
    shown = repr(read_manifest(text, SURROUNDINGS, Sources(tmp_path, ENVIRONMENT)))
    assert [canary for canary in CANARIES if canary in shown] == []


@pytest.mark.parametrize("field", ["connection", "proven"])
def test_rt05_a_public_mail_domain_is_nobodys(field: str, tmp_path: Path) -> None:
    told = faults(SMALL + CONNECTION + DOMAIN.replace('"$t.example"', '"*.gmail.com"'), tmp_path)
    verb = {"connection": "routed", "proven": "proven"}[field]
    sentence = f"a public mail domain belongs to nobody and can't be {verb}."
    assert f'tenants.acme.domains."*.gmail.com".{field}: {sentence}' in told


NOT_TO_RETURN_TO = {
    "http elsewhere": (
        "http://app.example/cb",
        "must begin with https://; http:// is for localhost, 127.0.0.1 and [::1] only.",
    ),
    "http that looks like loopback": (
        "http://localhost.app.example/cb",
        "must begin with https://; http:// is for localhost, 127.0.0.1 and [::1] only.",
    ),
    "a script": ("javascript:alert(1)", "must begin with https:// (or http:// on loopback)."),
    "data": ("data:text/html,x", "must begin with https:// (or http:// on loopback)."),
    "a scheme of an app's own": ("com.example.app:/cb", "must begin with https:// (or http:// on loopback)."),
    "no scheme": ("//app.example/cb", "must begin with https:// (or http:// on loopback)."),
    "a path": ("/cb", "must begin with https:// (or http:// on loopback)."),
    "a fragment": ("https://app.example/cb#x", "must have no fragment (#…)."),
    "an empty fragment": ("https://app.example/cb#", "must have no fragment (#…)."),
    "a wildcard host": ("https://*.app.example/cb", "must be written out; there are no wildcards."),
    "a wildcard path": ("https://app.example/*", "must be written out; there are no wildcards."),
    "a user": ("https://app.example@evil.example/cb", "must have no user name or password before the host."),
    "a password": ("https://u:p@app.example/cb", "must have no user name or password before the host."),
    "a space": (
        "https://app.example/c b",
        "must have only the characters of a URL: no spaces, no invisible ones, others as %XX.",
    ),
    "a line break": (
        "https://app.example/cb\\n",
        "must have only the characters of a URL: no spaces, no invisible ones, others as %XX.",
    ),
    "a tab in the scheme": (
        "java\\tscript:alert(1)",
        "must have only the characters of a URL: no spaces, no invisible ones, others as %XX.",
    ),
    "a backslash": (
        "https://app.example\\\\@evil.example",
        "must have only the characters of a URL: no spaces, no invisible ones, others as %XX.",
    ),
    "a letter outside ASCII": (
        "https://äpp.example/cb",
        "must have only the characters of a URL: no spaces, no invisible ones, others as %XX.",
    ),
    "no host": ("https:///cb", "is not a URL such as https://app.example/callback."),
    "an impossible port": ("https://app.example:99999/cb", "is not a URL such as https://app.example/callback."),
    "port zero": ("https://app.example:0/cb", "is not a URL such as https://app.example/callback."),
    "a broken bracket": ("https://[::1/cb", "is not a URL such as https://app.example/callback."),
    "a host that is none": ("https://-app./cb", "is not a URL such as https://app.example/callback."),
    "too much": ("https://app.example/" + "a" * 1000, "must have at most 1000 characters."),
}  # fmt: skip
TO_RETURN_TO = (
    "https://app.example/callback",
    "https://app.example:8443/callback?a=b&c=%20",
    "https://app.example",
    "http://localhost:3000/cb",
    "http://127.0.0.1/cb",
    "http://[::1]:8080/cb",
)


def _application(uri: str) -> str:
    return SMALL + APPLICATION.replace("https://travel.example/callback", uri)


@pytest.mark.parametrize(("uri", "sentence"), NOT_TO_RETURN_TO.values(), ids=NOT_TO_RETURN_TO.keys())
def test_od02_an_unsafe_return_address_is_refused(uri: str, sentence: str, tmp_path: Path) -> None:
    assert faults(_application(uri), tmp_path) == [f"tenants.acme.applications.travel.redirect_uris[0]: {sentence}"]
    after_logout = SMALL + APPLICATION + f'post_logout_redirect_uris = ["{uri}"]\n'
    place = "tenants.acme.applications.travel.post_logout_redirect_uris[0]"
    assert faults(after_logout, tmp_path) == [f"{place}: {sentence}"]


@pytest.mark.parametrize("uri", TO_RETURN_TO)
def test_od02_a_safe_return_address_is_taken_as_it_is(uri: str, tmp_path: Path) -> None:
    text = Template(_application(uri)).substitute(t="acme")
    application = read_manifest(text, SURROUNDINGS, Sources(tmp_path, ENVIRONMENT)).tenants[0].spec.applications["travel"]
    assert application.redirect_uris == (uri,)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "PS256", "rs256"])
def test_od09_a_signature_that_is_none_or_symmetric_is_refused(algorithm: str, tmp_path: Path) -> None:
    told = faults(SMALL + APPLICATION + f'id_token_alg = "{algorithm}"\n', tmp_path)
    assert len(told) == 1
    assert told[0].startswith("tenants.acme.applications.travel.id_token_alg: must be one of RS256, ES256.")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://app.example/", "https://u@app.example/"])
def test_od02_a_tile_leads_to_no_script(url: str, tmp_path: Path) -> None:
    told = faults(SMALL + APPLICATION + f'launch_url = "{url}"\n', tmp_path)
    assert [fault.partition(": ")[0] for fault in told] == ["tenants.acme.applications.travel.launch_url"]

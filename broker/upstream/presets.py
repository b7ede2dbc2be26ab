"""What is known of products beforehand, so that naming one is most of setting it up (requirements.md, T3).

Each fact is from the product's own documents; docs/providers/oidc.md says which of them were tried with the product.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from broker.addresses import parse_target


@dataclass(frozen=True, slots=True)
class Preset:
    """`issuer` is a pattern with {domain} and {realm}; `options` are used where the connection says nothing else."""

    label: str
    issuer: str = ""
    kind: str = "oidc"
    domain: str = ""
    """What the domain looks like; empty: the product has one address for everybody, or a kind of its own."""
    realm: str = ""
    default_domain: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    here: tuple[str, ...] = ()
    """What to do at the product, in its own words."""
    notes: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """What has to be given in place of the issuer."""
        return tuple(name for name in ("domain", "realm") if f"{{{name}}}" in self.issuer)


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "adfs": Preset(
            label="AD FS (2016 or newer)",
            issuer="https://{domain}/adfs",
            domain="sts.acme.example",
            options={"token_endpoint_auth": "client_secret_post"},
            here=(
                "Application Groups, Add: Server application accessing a web API.",
                "Issuance transform rules of the web API: send E-Mail-Addresses as E-Mail Address, Given-Name, Surname.",
                "Client permissions: openid, profile, email, and allatclaims so that those stand in the ID token.",
            ),
            notes=(
                "The web API's identifier has to be the client id: else AD FS puts no claims into the ID token.",
                "Its sub belongs to person and application group: a new group makes new people of everybody.",
                "Many AD FS are easier by SAML: see docs/providers/saml.md.",
            ),
        ),
        "akamai": Preset(
            label="Akamai Identity Cloud (Hosted Login)",
            issuer="https://{domain}/{realm}/login",
            domain="v1.api.us.janrain.com",
            realm="the customer id, such as 00000000-0000-0000-0000-000000000000",
            here=("A confidential OpenID Connect client whose redirectURIs has the redirect URI, and its login policy.",),
            notes=("With a domain name of your own the issuer is another one: write it as issuer.",),
        ),
        "auth0": Preset(
            label="Auth0",
            issuer="https://{domain}/",
            domain="acme.eu.auth0.com",
            options={"token_endpoint_auth": "client_secret_post"},
            here=(
                "Applications, Create Application: Regular Web Application.",
                "Allowed Callback URLs: the redirect URI.",
                "Advanced Settings, OAuth: JsonWebToken Signature Algorithm RS256, OIDC Conformant on.",
            ),
            notes=(
                "The issuer ends with a slash. With a custom domain, give that one: tokens then name it.",
                "There is no claim for groups by itself: an Action adds one, under a name that begins with https://.",
                "Where a second factor was used, amr has mfa.",
            ),
        ),
        "cas": Preset(
            label="Apereo CAS",
            issuer="https://{domain}/cas/oidc",
            domain="sso.acme.example",
            here=(
                "A service definition of the type OidcRegisteredService: clientId, clientSecret, and serviceId as the "
                "redirect URI, escaped as a regular expression.",
                "scopes: openid, profile, email; bypassApprovalPrompt true.",
            ),
            notes=(
                "The issuer is what cas.authn.oidc.core.issuer says.",
                "If claims stand at UserInfo only: fetch_userinfo = true.",
            ),
        ),
        "entra": Preset(
            label="Microsoft Entra ID",
            kind="entra",
            here=("docs/providers/entra.md",),
            notes=("Its kind knows directories, guests and errors, which OpenID Connect alone does not tell.",),
        ),
        "gitlab": Preset(
            label="GitLab",
            issuer="https://{domain}",
            domain="gitlab.acme.example",
            default_domain="gitlab.com",
            options={"groups_claim": "groups_direct"},
            here=(
                "Admin area, Applications, New (or those of a group): the redirect URI, Confidential on.",
                "Scopes: openid, profile, email. Trusted, for people to be asked nothing.",
            ),
            notes=(
                "groups_direct holds groups that somebody is a member of directly.",
                "gitlab.com lets anybody register: bind no domain to it that you don't mean to trust GitLab with.",
            ),
        ),
        "google": Preset(
            label="Google",
            kind="google",
            here=("docs/providers/google.md",),
            notes=("Its kind checks the Workspace, without which every Google account would come.",),
        ),
        "keycloak": Preset(
            label="Keycloak",
            issuer="https://{domain}/realms/{realm}",
            domain="sso.acme.example",
            realm="acme",
            here=(
                "Clients, Create client: OpenID Connect, Client authentication on, Standard flow only.",
                "Valid redirect URIs: the redirect URI, without a wildcard.",
                "Groups: Client scopes, <client>-dedicated, Add mapper, Group Membership; claim groups, Full group path off.",
            ),
            notes=(
                "Before version 17 the domain has /auth at its end: sso.acme.example/auth.",
                "acr is a level that the realm defines (ACR to LoA Mapping): name it in second_factor_values.",
            ),
        ),
        "okta": Preset(
            label="Okta",
            issuer="https://{domain}",
            domain="acme.okta.com",
            here=(
                "Applications, Create App Integration: OIDC, Web Application, Authorization Code.",
                "Sign-in redirect URIs: the redirect URI. Assignments: who may use it.",
                "Groups: Sign On, OpenID Connect ID Token, Groups claim: groups, with a filter.",
            ),
            notes=(
                "This is the org authorization server. For a custom one write issuer = https://<domain>/oauth2/<id>.",
                "A second factor can be asked for: acr_values = urn:okta:loa:2fa:any. amr has mfa where one was used.",
            ),
        ),
        "pingfederate": Preset(
            label="PingFederate",
            issuer="https://{domain}",
            domain="sso.acme.example",
            here=(
                "Applications, OAuth Clients, Add Client: Client Secret, Authorization Code, the redirect URI.",
                "OpenID Connect Policy: email, given_name, family_name and name in the ID token.",
            ),
            notes=("The issuer is the Base URL of the server's protocol settings, with its port if it has one.",),
        ),
        "webex": Preset(
            label="Cisco Webex",
            issuer="https://{domain}/idb",
            domain="idbroker.webex.com",
            default_domain="idbroker.webex.com",
            here=("developer.webex.com, Create a New App, Integration: the redirect URI, no further scope.",),
            notes=(
                "The issuer is that of the organization's region: idbroker-eu, idbroker-b-us, idbroker-ca .webex.com …",
                "Discovery at webexapis.com names another issuer than the tokens do: it can't be used.",
            ),
        ),
    }
)

OWN_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "accounts.google.com": "google",
        "login.microsoftonline.com": "entra",
        "login.microsoftonline.us": "entra",
        "login.partner.microsoftonline.cn": "entra",
        "sts.windows.net": "entra",
    }
)
"""Hosts that sign for everybody with the same keys: only their own kind tells whose people come (OU-09, OU-13)."""


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options as if everything that the preset knows had been written. Raises ValueError with the sentence."""
    written = dict(values)
    name = written.get("preset")
    given = {key: written.pop(key) for key in ("domain", "realm") if written.get(key) is not None}
    if name is None:
        if given:
            raise ValueError("domain and realm belong to a preset: write the issuer, or name one.")
        return written
    preset = PRESETS.get(name) if isinstance(name, str) else None
    if preset is None:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}.")
    if preset.kind != "oidc":
        raise ValueError(f'this product has a kind of its own: write kind = "{preset.kind}".')
    if given and "issuer" in written:
        raise ValueError("needs either issuer, or domain and realm.")
    if "issuer" not in written:
        written["issuer"] = issuer_of(preset, given)
    return {**preset.options, **written}


def issuer_of(preset: Preset, given: Mapping[str, Any]) -> str:
    """The issuer that the pattern makes of these values. Raises ValueError with the sentence."""
    values = {"domain": preset.default_domain} | dict(given)
    lacking = [name for name in preset.variables if not values.get(name)]
    if lacking or set(given) - set(preset.variables):
        raise ValueError(f"this preset needs {' and '.join(preset.variables)}, or the issuer.")
    for name in preset.variables:
        if not isinstance(values[name], str) or not values[name].strip("/") or set(values[name]) & set("?#@\\ %"):
            raise ValueError(f"{name} must be a plain value such as {getattr(preset, name)}.")
    return preset.issuer.format(**{name: values[name].strip().strip("/") for name in preset.variables})


def kind_of_host(issuer: str) -> str | None:
    """The kind that this host has to itself, if it has one."""
    try:
        return OWN_KINDS.get(parse_target(issuer).host.lower())
    except ValueError:
        return None

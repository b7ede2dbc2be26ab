"""Well-known service providers: what to write in a tenants file for each, with what has to be filled in.

Starting points, written from memory of the products and tried with none of them: compare with what the product itself
shows. docs/saml-applications.md shows them all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tenants.claim_rules import Source
from tenants.saml_applications import AttributeRule, NameIdKind

_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"


@dataclass(frozen=True, slots=True)
class SpPreset:
    """`values` are what is typed: name in braces → an example. Addresses hold those names."""

    key: str
    label: str
    entity_id: str
    acs: str
    name_id: NameIdKind
    values: dict[str, str]
    attributes: tuple[AttributeRule, ...] = ()
    is_from_here: bool = False
    note: str = ""

    def table(self, slug: str = "acme") -> str:
        """The table of a tenants file, with the examples in it."""
        return "\n".join(self._lines(slug)).format_map(self.values)

    def _lines(self, slug: str) -> Iterator[str]:
        yield f"[tenants.{slug}.saml_applications.{self.key}]"
        yield f'name = "{self.label}"'
        yield f'entity_id = "{self.entity_id}"'
        yield f'acs = [{{{{ url = "{self.acs}" }}}}]'
        yield f'name_id = "{self.name_id.value}"'
        if self.attributes:
            yield "attributes = ["
            for one in self.attributes:
                kind = "" if one.format == "uri" else f', format = "{one.format}"'
                yield f'  {{{{ name = "{one.name}", from = "{one.source}"{kind} }}}},'
            yield "]"
        if self.is_from_here:
            yield "idp_initiated = true"


def _rule(name: str, source: Source, kind: str = "uri") -> AttributeRule:
    return AttributeRule(name, source.value, format=kind)


PRESETS: tuple[SpPreset, ...] = (
    SpPreset(
        "aws",
        "AWS IAM Identity Center",
        "https://{region}.signin.aws.amazon.com/platform/saml/{id}",
        "https://{region}.signin.aws.amazon.com/platform/saml/acs/{acs}",
        NameIdKind.EMAIL,
        {"region": "eu-central-1", "id": "d-0123456789", "acs": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"},
        is_from_here=True,
        note="Its *issuer URL* and *ACS URL* stand on the page *Change identity source*; its metadata file can be imported in "
        "their place. It takes no other NameID, compares it with the *user name* of somebody who has to be there already, and "
        "reads no encrypted assertion: set no `encryption_certificate`. Give it the file of our metadata.",
    ),
    SpPreset(
        "atlassian",
        "Atlassian",
        "https://auth.atlassian.com/saml/{id}",
        "https://auth.atlassian.com/login/callback?connection=saml-{id}",
        NameIdKind.EMAIL,
        {"id": "0a1b2c3d"},
        (
            _rule(f"{_CLAIMS}givenname", Source.GIVEN_NAME),
            _rule(f"{_CLAIMS}surname", Source.FAMILY_NAME),
            _rule(f"{_CLAIMS}name", Source.ACCOUNT_ID),
        ),
        note="Jira and Confluence Cloud, with Atlassian Guard: *Security → SAML single sign-on* shows both addresses.",
    ),
    SpPreset(
        "gitlab",
        "GitLab",
        "https://{host}",
        "https://{host}/users/auth/saml/callback",
        NameIdKind.PERSISTENT,
        {"host": "gitlab.example"},
        (
            _rule("email", Source.EMAIL, "basic"),
            _rule("first_name", Source.GIVEN_NAME, "basic"),
            _rule("last_name", Source.FAMILY_NAME, "basic"),
            _rule("groups", Source.GROUPS, "basic"),
        ),
        note="A GitLab of your own: `issuer` of `omniauth_providers` is the entity id, `idp_sso_target_url` our address for "
        "signing in, `idp_cert` our certificate.",
    ),
    SpPreset(
        "nextcloud",
        "Nextcloud",
        "https://{host}/apps/user_saml/saml/metadata",
        "https://{host}/apps/user_saml/saml/acs",
        NameIdKind.PERSISTENT,
        {"host": "cloud.example"},
        (
            _rule("uid", Source.ACCOUNT_ID, "basic"),
            _rule("email", Source.EMAIL, "basic"),
            _rule("displayname", Source.NAME, "basic"),
            _rule("groups", Source.GROUPS, "basic"),
        ),
        note="With its app *SSO & SAML authentication*: map the UID to `uid`, which never changes.",
    ),
    SpPreset(
        "salesforce",
        "Salesforce",
        "https://{domain}.my.salesforce.com",
        "https://{domain}.my.salesforce.com",
        NameIdKind.UNSPECIFIED,
        {"domain": "acme"},
        is_from_here=True,
        note="*SAML Identity Type*: the federation id, which has to be the e-mail address, in the NameIdentifier.",
    ),
    SpPreset(
        "google",
        "Google Workspace",
        "google.com/a/{domain}",
        "https://www.google.com/a/{domain}/acs",
        NameIdKind.EMAIL,
        {"domain": "acme.example"},
        note="*Security → SSO with third-party IdP*: use a domain-specific issuer, and our address of the sign-out page.",
    ),
    SpPreset(
        "slack",
        "Slack",
        "https://slack.com",
        "https://{workspace}.slack.com/sso/saml",
        NameIdKind.PERSISTENT,
        {"workspace": "acme"},
        (
            _rule("User.Email", Source.EMAIL, "basic"),
            _rule("first_name", Source.GIVEN_NAME, "basic"),
            _rule("last_name", Source.FAMILY_NAME, "basic"),
        ),
        note="Sign the response and the assertion, as it is by itself here.",
    ),
    SpPreset(
        "zendesk",
        "Zendesk",
        "https://{account}.zendesk.com",
        "https://{account}.zendesk.com/access/saml",
        NameIdKind.EMAIL,
        {"account": "acme"},
        (_rule("organization", Source.ORGANIZATION_NAME, "basic"),),
        note="It asks for the SHA-256 fingerprint of our certificate, which stands with our keys for SAML.",
    ),
    SpPreset(
        "grafana",
        "Grafana Enterprise",
        "https://{host}/saml/metadata",
        "https://{host}/saml/acs",
        NameIdKind.TRANSIENT,
        {"host": "grafana.example"},
        (
            _rule("mail", Source.EMAIL, "basic"),
            _rule("displayName", Source.NAME, "basic"),
            _rule("groups", Source.GROUPS, "basic"),
        ),
        note="`assertion_attribute_login = mail`. It publishes metadata, which can be imported in place of this.",
    ),
    SpPreset(
        "generic",
        "Any other",
        "https://{host}/saml/metadata",
        "https://{host}/saml/acs",
        NameIdKind.PERSISTENT,
        {"host": "app.example"},
        (
            AttributeRule("urn:oid:0.9.2342.19200300.100.1.3", Source.EMAIL.value),
            AttributeRule("urn:oid:2.5.4.42", Source.GIVEN_NAME.value),
            AttributeRule("urn:oid:2.5.4.4", Source.FAMILY_NAME.value),
        ),
        note="Where the product has metadata, import that.",
    ),
)


def preset_of(key: str) -> SpPreset | None:
    """The preset of this key, or None."""
    return next((one for one in PRESETS if one.key == key), None)


def page_of_presets() -> str:
    """All of them as the documentation has them, in Markdown."""
    return "\n".join(f"### {one.label}\n\n```toml\n{one.table()}\n```\n\n{one.note}\n" for one in PRESETS)

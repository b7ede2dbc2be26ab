"""The format of a tenants file: every table and field of it, documented where it is declared.

docs/tenants-file.md holds the same as tables; tools/tenants_file.py writes them and a test compares.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from tenants.assurance import MFA
from tenants.languages import LANGUAGES, NAME, OWN_TEXTS
from tenants.manifest.application_specs import ROOT as ROOT
from tenants.manifest.application_specs import ApplicationSpec as ApplicationSpec
from tenants.manifest.group_specs import GroupRules
from tenants.manifest.saml_specs import SamlApplicationSpec
from tenants.manifest.values import (
    Colour,
    ConnectionKey,
    DomainName,
    Email,
    End,
    FactorWord,
    Host,
    Key,
    Language,
    LanguageList,
    Line,
    Network,
    OrganizationKey,
    PageTexts,
    ParagraphTexts,
    Phone,
    SecretReference,
    ShortLine,
    Spec,
    TenantAddress,
)
from tenants.organization_policies import Overrides
from tenants.policies import TenantPolicy

_SOME = ", ".join(f"`{one}`" for one in LANGUAGES)
Position = Annotated[StrictInt, Field(ge=0, le=1000)]


class BrandingSpec(Spec):
    """What the tenant's pages look like."""

    colour: Colour | None = Field(default=None, description="Colour of buttons and links, such as `#0d6b64`.")
    logo: str | None = Field(
        default=None, min_length=1, description="An SVG or PNG file of at most 100 kB, relative to the tenants file."
    )
    mail_logo: str | None = Field(
        default=None, min_length=1, description="A PNG file for mails. Not needed where `logo` is a PNG."
    )
    languages: LanguageList | None = Field(
        default=None,
        description=f"Languages that its pages and mails are offered in, in this order: {_SOME}. Left out: all of them.",
    )
    language: Language | None = Field(
        default=None,
        description="The language for whoever asks for none of these. Left out: `en`, or else the first of `languages`.",
    )
    names: dict[Language, Line] = Field(
        default_factory=dict, description='Its name in languages in which it is another one, such as `{ de = "…" }`.'
    )
    introduction: ParagraphTexts | None = Field(
        default=None, description="A short text on the first page of a sign-in: one, or one for each language."
    )
    privacy: PageTexts | None = Field(
        default=None, description="The https address of its privacy notice: one, or one for each language."
    )
    imprint: PageTexts | None = Field(
        default=None, description="The https address of its imprint: one, or one for each language."
    )

    @model_validator(mode="after")
    def _default_is_offered(self) -> Self:
        if self.language and self.languages and self.language not in self.languages:
            raise ValueError("language must be one of languages.")
        return self

    @property
    def texts(self) -> dict[str, Any]:
        """What it says in its own words, as it is stored."""
        said = self.model_dump(include=set(OWN_TEXTS), exclude_none=True)
        return said | ({NAME: dict(self.names)} if self.names else {})


class MailsSpec(Spec):
    """The tenant's own paragraph in its mails, by message: one for all languages, or one for each."""

    account_ready: ParagraphTexts | None = Field(default=None, description="After somebody has set up their account.")
    code: ParagraphTexts | None = Field(default=None, description="With the six-digit code.")
    connection_ends: ParagraphTexts | None = Field(
        default=None, description="To owners and admins, before a certificate or a secret of a connection runs out."
    )
    credential_changed: ParagraphTexts | None = Field(
        default=None, description="After a change of password, second factors, passkeys or emergency access."
    )
    directory_added: ParagraphTexts | None = Field(
        default=None, description="To owners, admins and contacts, when another directory was let in by consent."
    )
    domain_proof: ParagraphTexts | None = Field(
        default=None, description="To owners and admins, when the record that proves a domain is gone."
    )
    door_used: ParagraphTexts | None = Field(
        default=None, description="To the other owners and admins, after emergency access."
    )
    invitation: ParagraphTexts | None = Field(default=None, description="With the link to set up an account.")
    life_warning: ParagraphTexts | None = Field(default=None, description="Before an account or an invitation runs out.")
    new_device: ParagraphTexts | None = Field(default=None, description="After a sign-in on a new device.")
    password_leaked: ParagraphTexts | None = Field(
        default=None, description="After a sign-in with a password that is known from a leak."
    )
    application_metadata: ParagraphTexts | None = Field(
        default=None, description="To owners and admins, when changed metadata of a SAML application waits for a word."
    )
    provider_keys: ParagraphTexts | None = Field(
        default=None, description="To owners and admins, when the metadata of an identity provider has changed."
    )
    reset_link: ParagraphTexts | None = Field(default=None, description="With the link to choose a new password.")


class ContactSpec(Spec):
    """Whom people can ask, shown in this order."""

    label: Line = Field(description="Name of the help desk or person.")
    email: Email | None = Field(default=None, description="Its e-mail address.")
    phone: Phone | None = Field(default=None, description="Its telephone number, as it is to be shown.")
    organization: Key = Field(default=ROOT, description="Key of the organization that it belongs to.")


class OrganizationSpec(Spec):
    """A part inside the tenant: an affiliate, a department."""

    name: Line = Field(description="Its name.")
    parent: Key = Field(default=ROOT, description="Key of the organization above it.")
    policy: Overrides | None = Field(
        default=None,
        description="Rules of its own, named as in the tenant’s `policy`: stricter ones, and any of what `parts_may` names.",
    )


class DomainSpec(Spec):
    """An e-mail domain, `acme.example`, or with `*.acme.example` what is below it."""

    allowed: StrictBool = Field(default=True, description="Addresses of this domain are let in.")
    connection: ConnectionKey | None = Field(
        default=None, description="Key of the connection that its people are sent to. Needs a proof, see `proven`."
    )
    routing: Literal["prefer", "enforce"] = Field(
        default="prefer", description="`enforce` also refuses local sign-in to its people. Needs a `connection`."
    )
    proven: StrictBool = Field(
        default=False,
        description="The operator has made sure that the domain belongs to this tenant. At most one tenant has it.",
    )


class ConnectionSpec(Spec):
    """An identity provider. The options of its kind stand beside these fields."""

    kind: str = Field(description="What it speaks; see the kinds below. Can't change later.")
    label: ShortLine = Field(description="What its button says after “Continue with”.")
    note: Annotated[str, Field(max_length=200)] = Field(default="", description="A short line beside the label.")
    icon: str = Field(default="", description="Its picture; empty for that of the kind.")
    position: Position = Field(default=0, description="Its place among the buttons: smaller ones come first.")
    enabled: StrictBool = Field(default=True, description="Whether anybody may sign in by it.")
    shown: StrictBool = Field(default=True, description="Whether it has a button; else domains and hints lead there.")
    provisioning: Literal["existing", "invited", "just_in_time"] = Field(
        default="existing",
        description="Who may enter: accounts that are linked (`existing`), also those that wait for a proven address "
        "(`invited`), or also newcomers whose domain is allowed (`just_in_time`).",
    )
    linking: Literal["never", "ask", "proven"] = Field(
        default="ask",
        description="When an account has the address of somebody new here: refuse, `ask` them to prove that it is theirs, or "
        "link without asking where the address is `proven`.",
    )
    groups: GroupRules = Field(default=(), description="What becomes of the groups that it sends, see below.")
    acr_values: Line | None = Field(
        default=None,
        description="Classes of authentication that are asked for, divided by spaces; one of them has to come back. Where all "
        "are among `second_factor_values`, a second factor is asked for here instead.",
    )
    second_factor_values: tuple[FactorWord, ...] = Field(
        default=(MFA,),
        description="Which values of `amr` and `acr`, or which authentication context, say that a second factor was used.",
    )
    secret_expires: End | None = Field(
        default=None, description="When its client secret ends, as the provider says: the admins are told in good time."
    )
    networks: tuple[Network, ...] = Field(
        default=(), description="Address ranges of its people, such as `192.0.2.0/24`; empty: anywhere."
    )
    network_mode: Literal["only", "first"] = Field(
        default="only",
        description="What `networks` are for: `only` from there may it be used, or there it is offered `first`.",
    )

    @model_validator(mode="after")
    def _first_needs_networks(self) -> Self:
        if self.network_mode == "first" and not self.networks:
            raise ValueError('network_mode = "first" needs networks.')
        return self


class AccountSpec(Spec):
    """A person or an external, by e-mail address. Some fields, if left out, stay as they are."""

    name: Line | None = Field(default=None, description="Full name. Left out: stays as it is.")
    given_name: ShortLine | None = Field(default=None, description="Given name. Left out: stays as it is.")
    family_name: ShortLine | None = Field(default=None, description="Family name. Left out: stays as it is.")
    organization: Key = Field(default=ROOT, description="Key of the organization that the account belongs to.")
    local: StrictBool = Field(default=False, description="Whether it may sign in with e-mail and password.")
    state: Literal["invited", "active", "disabled"] | None = Field(
        default=None,
        description="Left out: a new account is `invited` (`active` with a password), another stays as it is. "
        "`invited`: may enter, and stays active once activated. `disabled`: can't enter, and its sessions end.",
    )
    role: Literal["owner", "admin", "helpdesk", "auditor"] | None = Field(
        default=None, description="What it may do in the console; nothing, unless given."
    )
    expires: End | None = Field(
        default=None, description="Last day (`2027-01-31`, to its end in UTC) or exact end (`2027-01-31T18:00:00Z`)."
    )
    groups: tuple[Line, ...] = Field(default=(), description="Groups that the file gives, beside those from elsewhere.")
    password: SecretReference | None = Field(
        default=None,
        description="First password, for samples and tests: set where the account has none, never changed by the file.",
    )
    totp_secret: SecretReference | None = Field(
        default=None,
        description="First authenticator seed (base32), for samples and tests: set where the account has none.",
    )

    @model_validator(mode="after")
    def _credentials_are_local(self) -> Self:
        if not self.local and (self.password or self.totp_secret):
            raise ValueError("has a password or totp_secret, but not local = true.")
        return self


class TenantSpec(Spec):
    """One tenant. Its slug is the table's name."""

    name: Line = Field(description="Name of the organization, shown on every page.")
    address: TenantAddress = Field(
        default="path",
        description="`path` for `/t/<slug>` on the main host, or a host name of its own. Fixes issuer and links.",
    )
    hosts: tuple[Host, ...] = Field(
        default=(), description="Further host names that lead to it; they are redirected to `address`."
    )
    status: Literal["active", "suspended"] = Field(default="active", description="`suspended`: nobody enters.")
    policy: TenantPolicy = Field(default_factory=TenantPolicy, description="The tenant's rules, see below.")
    branding: BrandingSpec = Field(default_factory=BrandingSpec, description="Colour, logo, languages, own texts; see below.")
    mails: MailsSpec = Field(default_factory=MailsSpec, description="Own words in mails, see below.")
    contacts: tuple[ContactSpec, ...] = Field(default=(), description="Help desks, see below.")
    organizations: dict[OrganizationKey, OrganizationSpec] = Field(
        default_factory=dict, description="Parts of the tenant by key, see below."
    )
    domains: dict[DomainName, DomainSpec] = Field(
        default_factory=dict, description="E-mail domains by name in quotes, see below."
    )
    connections: dict[ConnectionKey, dict[str, Any]] = Field(
        default_factory=dict, description="Identity providers by key, see below."
    )
    applications: dict[Key, ApplicationSpec] = Field(default_factory=dict, description="Applications by key, see below.")
    saml_applications: dict[Key, SamlApplicationSpec] = Field(
        default_factory=dict, description="Applications that speak SAML by key, see below."
    )
    accounts: dict[Email, AccountSpec] = Field(
        default_factory=dict, description="People by e-mail address in quotes, see below."
    )


class FileSpec(Spec):
    """The whole file."""

    tenants: dict[Key, TenantSpec] = Field(min_length=1, description="The tenants by slug.")

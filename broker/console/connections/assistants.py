"""The products that can be added: what to do on the other side, which values to bring back, and what is known beforehand.

Microsoft, Google and SAML have words of their own; every product of broker/upstream/presets.py comes by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from broker.upstream.presets import PRESETS, Preset
from broker.wiring import the_broker

Text: TypeAlias = str | LazyString


@dataclass(frozen=True, slots=True)
class Assistant:
    """One product. `key` stands in the address, and the connection's own key begins with it."""

    key: str
    kind: str
    label: Text
    note: Text
    icon: str
    steps: tuple[Text, ...] = ()
    """What to do there, in its own words."""
    fields: tuple[str, ...] = ()
    """Options to paste back from there."""
    where: Text = ""
    """Where they are found."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Options that are known."""
    scopes: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()
    who: Text = ""
    """Who can do it there."""
    examples: Mapping[str, str] = field(default_factory=dict)
    helps: Mapping[str, Text] = field(default_factory=dict)
    """Words for its fields, where the option's own say less."""
    optional: tuple[str, ...] = ()
    """Fields that one of the others can stand for."""
    needs_shared: bool = False
    """Only where the operator has a registration for it."""
    button: Text = ""
    """What its button says, where that is another word than the label."""
    other_side: Text = ""
    """What a sentence calls it, where the label names no product."""


_SECRET = _("As the provider gave it. It is stored encrypted, and never shown again.")
_DOMAIN = _("Without https and without a path.")

_OWN = (
    Assistant(
        key="microsoft",
        kind="entra",
        label=_("Microsoft Entra"),
        button=_("Microsoft"),
        note=_("With an app registration in your own directory"),
        icon="way-microsoft",
        steps=(
            _("In the Microsoft Entra admin center open App registrations and choose New registration."),
            _("Supported account types: accounts in this organizational directory only."),
            _("Redirect URI: choose Web and paste the value below."),
            _("Certificates & secrets: choose New client secret, and copy its value at once."),
            _("Token configuration: add the optional claims email and, if offered, xms_edov to the ID token."),
        ),
        fields=("directory", "client_id", "client_secret"),
        where=_("Both ids are on the page Overview of the registration."),
        who=_("Somebody with the role Application Administrator or Global Administrator in your directory."),
        examples={"directory": "8f2d0b7c-51aa-4d0e-93c4-1e6a7720b1d9"},
        helps={"client_secret": _("The value, not the secret id. It is stored encrypted, and never shown again.")},
    ),
    Assistant(
        key="microsoft-shared",
        kind="entra",
        label=_("Microsoft Entra, without a registration of your own"),
        button=_("Microsoft"),
        note=_("With the registration of this service: an admin of your directory approves it once"),
        icon="way-microsoft",
        steps=(
            _("Nothing has to be registered. After saving, you get a link."),
            _("An admin of your directory opens it, reads what is asked for, and accepts."),
        ),
        given={"registration": "shared"},
        who=_("A Global Administrator or Cloud Application Administrator of your directory gives the approval."),
        needs_shared=True,
    ),
    Assistant(
        key="google",
        kind="google",
        label=_("Google Workspace"),
        button=_("Google"),
        note=_("With an OAuth client of your own"),
        icon="way-google",
        steps=(
            _("In the Google Cloud console open APIs & Services, then Credentials."),
            _("Create credentials: OAuth client ID, application type Web application."),
            _("Authorized redirect URIs: paste the value below."),
            _("OAuth consent screen: user type Internal."),
        ),
        fields=("domains", "client_id", "client_secret"),
        where=_("Id and secret are shown once the client is made. Only people of the Workspaces that you name come in."),
        who=_("Somebody who may edit a Google Cloud project of your organization."),
    ),
    Assistant(
        key="google-shared",
        kind="google",
        label=_("Google Workspace, without a client of your own"),
        button=_("Google"),
        note=_("With the OAuth client of this service"),
        icon="way-google",
        steps=(_("Nothing has to be registered. Name the Workspaces whose people may come."),),
        fields=("domains",),
        given={"registration": "shared"},
        needs_shared=True,
    ),
    Assistant(
        key="saml",
        kind="saml",
        label=_("SAML 2.0"),
        button=_("Company login"),
        other_side=_("your identity provider"),
        note=_("AD FS, Okta, Entra, Google Workspace and any other SAML identity provider"),
        icon="way-saml",
        steps=(
            _("Add an application (relying party, service provider) for SAML 2.0."),
            _("Give it the address of our metadata, or the values below one by one."),
            _("Let it send the e-mail address, and the given and family name, as attributes."),
        ),
        fields=("metadata_url", "idp_metadata", "attributes"),
        optional=("metadata_url", "idp_metadata", "attributes"),
        helps={
            "idp_metadata": _("The document itself (XML), if it has no address."),
            "attributes": _("How it names the e-mail address and the names. Choose the product that is nearest."),
        },
        where=_("One of both is enough: the address of its metadata, which is read again and again, or the document itself."),
        who=_("Somebody who may add applications at your identity provider."),
    ),
    Assistant(
        key="oidc",
        kind="oidc",
        label=_("Any OpenID Connect provider"),
        button=_("Company login"),
        other_side=_("your identity provider"),
        note=_("By its issuer; everything else is read from there"),
        icon="plug",
        steps=(
            _("Register a confidential web application with the authorization code flow."),
            _("Its redirect URI is the value below."),
        ),
        fields=("issuer", "client_id", "client_secret"),
        helps={"issuer": _("Exactly as its discovery document names it."), "client_secret": _SECRET},
        where=_("The issuer is the address whose /.well-known/openid-configuration describes the provider."),
        scopes=("openid", "email", "profile"),
    ),
)


def _of_preset(name: str, preset: Preset) -> Assistant:
    examples = {variable: str(getattr(preset, variable)) for variable in preset.variables}
    return Assistant(
        key=name,
        kind=preset.kind,
        label=preset.label,
        button=preset.label.partition(" (")[0],
        note=_("By OpenID Connect"),
        icon="plug",
        steps=preset.here,
        fields=(*preset.variables, "client_id", "client_secret"),
        given={"preset": name},
        optional=("domain",) if preset.default_domain else (),
        helps={"domain": _DOMAIN, "realm": "", "client_secret": _SECRET},
        scopes=tuple(preset.options.get("scopes", ("openid", "email", "profile"))),
        notes=preset.notes,
        examples=examples,
    )


ASSISTANTS: Mapping[str, Assistant] = MappingProxyType(
    {one.key: one for one in _OWN}
    | {name: _of_preset(name, preset) for name, preset in PRESETS.items() if preset.kind == "oidc"}
)


def offered() -> list[Assistant]:
    """Those that can be used in this installation."""
    shared = the_broker().shared
    return [one for one in ASSISTANTS.values() if not one.needs_shared or one.kind in shared]


def product_of(kind: str, options: Mapping[str, Any]) -> Assistant:
    """The product that a connection was set up as, or its kind's own."""
    if options.get("preset") in ASSISTANTS:
        return ASSISTANTS[str(options["preset"])]
    own = {"entra": "microsoft"}.get(kind, kind)
    is_shared = options.get("registration") == "shared" and f"{own}-shared" in ASSISTANTS
    return ASSISTANTS[f"{own}-shared" if is_shared else own]


def find_assistant(key: str) -> Assistant | None:
    """One that is offered, by its key."""
    return next((one for one in offered() if one.key == key), None)

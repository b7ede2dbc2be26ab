"""The parts of an application as the console shows them: one table for each protocol. A part is a page with one form."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

Words = Mapping[str, LazyString]


@dataclass(frozen=True, slots=True)
class Section:
    """Fields of the application's form in tenants/manifest, under one heading."""

    key: str
    label: LazyString
    lede: LazyString
    names: tuple[str, ...]
    words: Mapping[str, Words] = field(default_factory=dict)
    """What the values are called that can be chosen: field → value → words."""


LABELS: Words = {
    "name": _("Name"),
    "launch_url": _("Start address"),
    "enabled": _("People can sign in to it"),
    "organization": _("Belongs to"),
    "client_auth": _("How it proves itself"),
    "jwks_uri": _("Address of its keys"),
    "grant_types": _("What it may trade for tokens"),
    "redirect_uris": _("Return addresses"),
    "post_logout_redirect_uris": _("Return addresses after signing out"),
    "require_pkce": _("Demand PKCE"),
    "require_par": _("Demand pushed requests"),
    "cors_origins": _("Origins of its scripts"),
    "backchannel_logout_uri": _("Address for sign-outs"),
    "backchannel_logout_session_required": _("It has to be told which session"),
    "id_token_alg": _("Signature of ID tokens"),
    "userinfo_alg": _("Signature of UserInfo"),
    "subject": _("How it knows people"),
    "sector": _("Sector"),
    "third_party": _("It is not the organization’s own"),
    "scopes": _("Scopes"),
    "claims": _("Claims of its own"),
    "access_token_minutes": _("Minutes of an access token"),
    "id_token_minutes": _("Minutes of an ID token"),
    "session_minutes": _("Minutes of its session"),
    "offline_days": _("Days without the person"),
    "connections": _("Ways in that it accepts"),
    "second_factor": _("A second factor is needed"),
    "sign_in_minutes": _("Minutes since the sign-in"),
    "entity_id": _("Entity ID"),
    "acs": _("ACS addresses"),
    "slo_redirect": _("Sign-out address (Redirect)"),
    "slo_post": _("Sign-out address (POST)"),
    "slo_soap": _("Sign-out address (SOAP)"),
    "certificates": _("Signing certificates"),
    "encryption_certificate": _("Encryption certificate"),
    "cipher": _("Encryption"),
    "name_id": _("Name of a person (NameID)"),
    "unproven_email": _("Tell it unproven addresses, too"),
    "attributes": _("Attributes"),
    "signed": _("What is signed"),
    "signed_requests": _("Take signed requests only"),
    "idp_initiated": _("People may start here"),
    "relay_state": _("RelayState to start with"),
    "groups": _("Groups"),
    "open_to_organizations": _("Organizations"),
    "assigned_only": _("Only for those who are named"),
}

_AUTH = {
    "client_secret_basic": _("A secret, in the header"),
    "client_secret_post": _("A secret, in the form"),
    "private_key_jwt": _("A signature with its own key"),
    "none": _("Nothing: it can keep no secret (browser or phone)"),
}
_GRANTS = {
    "authorization_code": _("A code: people sign in"),
    "refresh_token": _("A refresh token: it stays signed in"),
    "client_credentials": _("Its own credentials: it works without a person"),
}
_NAME_IDS = {
    "persistent": _("One lasting name of its own for each person"),
    "email": _("The e-mail address"),
    "transient": _("Another name each time"),
    "unspecified": _("The e-mail address, not said to be one"),
}
_SIGNED = {"both": _("Response and assertion"), "response": _("The response"), "assertion": _("The assertion")}
_SUBJECTS = {"public": _("By the account’s id, like others"), "pairwise": _("By a name that no other application has")}
_ALGORITHMS = {"RS256": _("RS256, which every library knows"), "ES256": _("ES256, which is quicker")}
_USERINFO = {"": _("Not signed: plain JSON"), **_ALGORITHMS}

BASICS = Section(
    "basics",
    _("Basics"),
    _("What people see of it, and whether it is on."),
    ("name", "launch_url", "organization", "enabled"),
)
RULES = Section(
    "rules",
    _("Rules"),
    _("What a sign-in has to be, to enter this application."),
    ("connections", "second_factor", "sign_in_minutes"),
)
PEOPLE = Section(
    "people",
    _("For whom"),
    _("Everybody of the organization, or those only who are named: by group, by organization, or one by one."),
    ("assigned_only", "groups", "open_to_organizations"),
)
OIDC_SECTIONS = (
    BASICS,
    Section(
        "sign-in",
        _("Signing in"),
        _("Where people are sent back to, and how the application proves itself."),
        ("redirect_uris", "post_logout_redirect_uris", "client_auth", "jwks_uri", "require_pkce", "require_par", "grant_types"),
        {"client_auth": _AUTH, "grant_types": _GRANTS},
    ),
    Section(
        "tokens",
        _("Tokens"),
        _("What it is told about people, how it is signed, and how long it holds."),
        (
            "scopes", "claims", "subject", "sector", "third_party", "id_token_alg", "userinfo_alg", "access_token_minutes",
            "id_token_minutes", "session_minutes", "offline_days", "cors_origins",
        ),
        {"subject": _SUBJECTS, "id_token_alg": _ALGORITHMS, "userinfo_alg": _USERINFO},
    ),
    Section(
        "logout",
        _("Signing out"),
        _("How it learns that a person has signed out here."),
        ("backchannel_logout_uri", "backchannel_logout_session_required"),
    ),
    RULES,
    PEOPLE,
)  # fmt: skip
SAML_SECTIONS = (
    BASICS,
    Section(
        "sign-in",
        _("Signing in"),
        _("Where responses go, and what its requests are signed with."),
        ("entity_id", "acs", "certificates", "signed_requests", "idp_initiated", "relay_state"),
    ),
    Section(
        "tokens",
        _("Responses"),
        _("What it is told about people, how it is signed and encrypted, and how long it holds."),
        ("name_id", "unproven_email", "attributes", "signed", "encryption_certificate", "cipher", "session_minutes"),
        {"name_id": _NAME_IDS, "signed": _SIGNED},
    ),
    Section(
        "logout",
        _("Signing out"),
        _("Where it takes messages about signing out. They are always signed."),
        ("slo_redirect", "slo_post", "slo_soap"),
    ),
    RULES,
    PEOPLE,
)


def section_of(key: str, *, is_saml: bool) -> Section | None:
    """The section of this key."""
    return next((one for one in (SAML_SECTIONS if is_saml else OIDC_SECTIONS) if one.key == key), None)

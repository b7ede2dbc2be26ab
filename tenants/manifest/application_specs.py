"""Applications as a tenants file has them."""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from tenants.applications import ClientAuth
from tenants.claim_rules import Source, check_claim_name
from tenants.manifest.entry_values import AssignedOnly, Enabled, Groups, Home, Organizations, SecondFactor, SignInAge, Ways
from tenants.manifest.values import ClientId, Host, LaunchAddress, Line, ReturnAddress, SecretReference, Spec
from tenants.public_keys import check_key_set
from tenants.return_addresses import check_origin, check_return_address

ROOT = "root"
"""Key of the organization that is the tenant itself."""
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._/-]{0,99}")


def _scope(text: str) -> str:
    if not _SCOPE.fullmatch(text):
        raise ValueError("must be one word of letters, digits and : . _ / -")
    return text


Scope = Annotated[str, AfterValidator(_scope)]
Origin = Annotated[str, AfterValidator(check_origin)]
KeySet = Annotated[dict[str, Any], AfterValidator(check_key_set)]
ServerAddress = Annotated[str, AfterValidator(check_return_address)]
Algorithm = Literal["RS256", "ES256"]
Minutes = Annotated[StrictInt, Field(ge=1, le=525_600)]


class ClaimSpec(Spec):
    """A claim of the application's own: from what is known of a person, or the same text for everybody."""

    source: Source | None = Field(default=None, alias="from", description="What it is made from.")
    value: Line | None = Field(default=None, description="A fixed text, instead of `from`.")
    scope: Scope = Field(default="openid", description="It is told where this scope was granted.")
    id_token: StrictBool = Field(default=False, description="It stands in the ID token too, not only at UserInfo.")

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.source is None) == (self.value is None):
            raise ValueError("needs either from or value.")
        return self


class ApplicationSpec(Spec):
    """An application that people sign in to: an OpenID Connect client."""

    name: Line = Field(description="What people know it by.")
    client_id: ClientId | None = Field(default=None, description="Its `client_id`; the key, unless given.")
    client_auth: ClientAuth = Field(
        default=ClientAuth.BASIC, description="How it proves itself; `none` for those that can keep no secret."
    )
    client_secret: SecretReference | None = Field(
        default=None, description="Its secret, 32 characters or more; needed for the two ways that are named after it."
    )
    jwks: KeySet | None = Field(
        default=None, description="Its public keys as a JWK set, for `private_key_jwt`. RSA, P-256 or Ed25519."
    )
    jwks_uri: ServerAddress | None = Field(default=None, description="Where its public keys are fetched, instead of `jwks`.")
    grant_types: tuple[Literal["authorization_code", "refresh_token", "client_credentials"], ...] = Field(
        default=("authorization_code", "refresh_token"),
        description="What it may trade for tokens; `client_credentials` for what it does without a person.",
    )
    redirect_uris: tuple[ReturnAddress, ...] = Field(
        default=(), description="Where people are sent back to, compared character by character. Needed, unless nobody is."
    )
    post_logout_redirect_uris: tuple[ReturnAddress, ...] = Field(
        default=(), description="Where people may be sent after signing out."
    )
    backchannel_logout_uri: ServerAddress | None = Field(
        default=None, description="Where it is told that a session is over, from server to server."
    )
    backchannel_logout_session_required: StrictBool = Field(
        default=True, description="Whether it has to be told which session (`sid`), not only whose."
    )
    launch_url: LaunchAddress | None = Field(default=None, description="Where its tile leads; no tile without it.")
    require_pkce: StrictBool = Field(
        default=True, description="Demand PKCE (S256). Only an application with a secret can do without."
    )
    require_par: StrictBool = Field(
        default=False, description="Demand that its requests are pushed from its server first (RFC 9126)."
    )
    response_modes: tuple[Literal["query", "form_post"], ...] = Field(
        default=(), description="How it may ask for its answers; empty: either way."
    )
    id_token_alg: Algorithm = Field(default="RS256", description="How its ID tokens are signed.")
    userinfo_alg: Algorithm | None = Field(
        default=None, description="How its UserInfo answers are signed; they are plain JSON, unless given."
    )
    subject: Literal["public", "pairwise"] = Field(
        default="public", description="`pairwise`: it knows people by a `sub` that no other application has."
    )
    sector: Host | None = Field(
        default=None,
        description="Applications of one sector share pairwise subjects. The host of its return address, unless given.",
    )
    third_party: StrictBool = Field(
        default=False, description="Not the organization's own: people are asked before it is told about them."
    )
    scopes: tuple[Scope, ...] = Field(
        default=(), description="What it may ask for, words of its own among them; empty: the usual scopes."
    )
    claims: dict[Annotated[str, AfterValidator(check_claim_name)], ClaimSpec] = Field(
        default_factory=dict, max_length=50, description="What it is told beside the usual claims, by name, see below."
    )
    cors_origins: tuple[Origin, ...] = Field(
        default=(), description="Origins whose scripts may ask for tokens and UserInfo, such as `https://app.example`."
    )
    connections: Ways = ()
    groups: Groups = ()
    open_to_organizations: Organizations = ()
    assigned_only: AssignedOnly = False
    second_factor: SecondFactor = False
    sign_in_minutes: SignInAge = None
    session_minutes: Minutes | None = Field(
        default=None, description="How long it can renew its tokens; as long as the session, unless given."
    )
    access_token_minutes: Annotated[StrictInt, Field(ge=1, le=60)] = Field(
        default=10, description="How long an access token is good."
    )
    id_token_minutes: Annotated[StrictInt, Field(ge=1, le=1440)] = Field(
        default=60, description="How long an ID token is good."
    )
    offline_days: Annotated[StrictInt, Field(ge=1, le=365)] = Field(
        default=30, description="How long it can go on without the person, with `offline_access`."
    )
    organization: Home = ROOT
    enabled: Enabled = True

    @model_validator(mode="after")
    def _proves_itself(self) -> Self:
        has_keys = self.jwks is not None or self.jwks_uri is not None
        if self.client_auth in {ClientAuth.BASIC, ClientAuth.POST} and self.client_secret is None:
            raise ValueError('needs client_secret; or client_auth = "none" for an application that can keep no secret.')
        if self.client_auth in {ClientAuth.NONE, ClientAuth.JWT} and self.client_secret is not None:
            raise ValueError(f'has a client_secret although client_auth is "{self.client_auth.value}".')
        if (self.client_auth is ClientAuth.JWT) != has_keys or (self.jwks and self.jwks_uri):
            raise ValueError('needs either jwks or jwks_uri with client_auth = "private_key_jwt", and neither without.')
        if self.client_auth is ClientAuth.NONE and not self.require_pkce:
            raise ValueError("can't do without PKCE, having no secret: leave require_pkce out.")
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.client_auth is ClientAuth.NONE and {"client_credentials"} & {*self.grant_types}:
            raise ValueError("can't use client_credentials, having no secret.")
        if self.client_auth is ClientAuth.NONE and self.require_par:
            raise ValueError("can't push its requests from a server, having no secret: leave require_par out.")
        if "authorization_code" in self.grant_types and not self.redirect_uris:
            raise ValueError("needs redirect_uris.")
        if "refresh_token" in self.grant_types and "authorization_code" not in self.grant_types:
            raise ValueError("has nothing to refresh without authorization_code.")
        hosts = {urlsplit(address).hostname for address in self.redirect_uris}
        if self.subject == "pairwise" and self.sector is None and len(hosts) > 1:
            raise ValueError("needs a sector, as its return addresses are on several hosts.")
        return self

    @property
    def stored_claims(self) -> list[dict[str, Any]]:
        """Its own claims as the row keeps them."""
        return [
            {"name": name, **spec.model_dump(mode="json", by_alias=True, exclude_none=True)}
            for name, spec in self.claims.items()
        ]

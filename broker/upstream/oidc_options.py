"""What an admin fills in for a generic OpenID Connect connection."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from broker.addresses import parse_target
from broker.upstream.client_assertion import MAX_PEM, ClientKey, read_client_key
from broker.upstream.code_flow import ClientSigner, Registration, origin_of
from broker.upstream.kind import Document, Options, Secret
from broker.upstream.presets import filled, kind_of_host
from tenants.connections import BEING_SAVED

BY_KEY = "private_key_jwt"


class OidcOptions(Options):
    preset: str | None = Field(
        default=None,
        title="Preset",
        description="A product whose values are known. Needs `domain` where the product has several, in place of `issuer`.",
        max_length=50,
    )
    domain: str | None = Field(
        default=None,
        title="Domain of the preset",
        description="Such as `acme.okta.com`; kept as the issuer that it makes.",
        max_length=255,
    )
    realm: str | None = Field(
        default=None,
        title="Realm of the preset",
        description="Keycloak's realm, Akamai's customer id; kept as the issuer that it makes.",
        max_length=100,
    )
    issuer: str = Field(
        title="Issuer",
        description="Address of the provider, exactly as its discovery document names it; or a preset's `domain`.",
        max_length=500,
    )
    client_id: str = Field(title="Client id", description="As the provider registered us.", min_length=1, max_length=255)
    client_secret: Annotated[SecretStr | None, Secret()] = Field(
        default=None,
        title="Client secret",
        description="As the provider gave it; needed unless the broker proves itself by a key.",
        min_length=1,
        max_length=1024,
    )
    token_endpoint_auth: Literal["client_secret_basic", "client_secret_post", "private_key_jwt"] = Field(
        default="client_secret_basic",
        title="How the broker proves itself",
        description="The secret in the Authorization header or in the form; or a key of its own.",
    )
    client_key: Annotated[SecretStr | None, Secret()] = Field(
        default=None,
        title="Private key",
        description="For `private_key_jwt`: RSA of 2048 bits or more, or P-256, as PEM without a passphrase.",
        min_length=1,
        max_length=MAX_PEM,
    )
    client_certificate: Annotated[str | None, Document()] = Field(
        default=None,
        title="Certificate of the key",
        description="Where the provider knows the key by one: its thumbprint goes along.",
        max_length=MAX_PEM,
    )
    client_key_id: str | None = Field(
        default=None,
        title="Name of the key",
        description="The `kid` by which the provider knows it, if it has one.",
        max_length=255,
    )
    client_key_alg: Literal["RS256", "PS256", "ES256"] | None = Field(
        default=None, title="Signature by the key", description="Left out: `RS256`, or `ES256` for a key of P-256."
    )
    scopes: tuple[Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$")], ...] = Field(
        default=("openid", "email", "profile"),
        title="Scopes",
        description="What to ask for. openid is always among them.",
        max_length=20,
    )
    response_mode: Literal["query", "form_post"] = Field(
        default="query",
        title="How the browser comes back",
        description="With the answer in the address, or in a form that the provider's page sends.",
    )
    groups_claim: str = Field(
        default="groups", title="Claim for groups", description="Where the provider puts the groups.", max_length=100
    )
    fetch_userinfo: bool = Field(
        default=False,
        title="Ask the UserInfo endpoint",
        description="For providers that put names and address there instead of into the ID token.",
    )
    sign_out_there: bool = Field(
        default=False,
        title="Sign out there too",
        description="Who signs out here is taken to the provider to be signed out there as well, if it has a place for that.",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_preset(cls, values: Any) -> Any:
        return filled(values) if isinstance(values, Mapping) else values

    @field_validator("issuer")
    @classmethod
    def _is_url(cls, value: str, info: ValidationInfo) -> str:
        value = issuer_url(value)
        # What is stored already goes on working: the connection test says what it lacks.
        if (info.context or {}).get(BEING_SAVED) and (kind := kind_of_host(value)):
            raise ValueError(f'this provider has a kind of its own: write kind = "{kind}"')
        return value

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return value if "openid" in value else ("openid", *value)

    @model_validator(mode="after")
    def _can_prove_itself(self) -> Self:
        if self.token_endpoint_auth != BY_KEY:
            if self.client_secret is None:
                raise ValueError("needs client_secret.")
            if self.client_key or self.client_certificate or self.client_key_id or self.client_key_alg:
                raise ValueError('client_key and its kin need token_endpoint_auth = "private_key_jwt".')
            return self
        if self.client_key is None or self.client_secret is not None:
            raise ValueError("private_key_jwt needs client_key, and no client_secret.")
        if self.key is not None and not self.key.fits(self._algorithm(self.key)):
            raise ValueError("client_key_alg does not fit the key.")
        return self

    @cached_property
    def key(self) -> ClientKey | None:
        """Read once. Raises ValueError with a sentence."""
        if self.client_key is None:
            return None
        return read_client_key(self.client_key.get_secret_value(), self.client_certificate)

    @cached_property
    def registration(self) -> Registration:
        """Who we are at the provider."""
        return Registration(
            client_id=self.client_id,
            client_secret=self.client_secret.get_secret_value() if self.client_secret else "",
            auth_method=self.token_endpoint_auth,
            scopes=self.scopes,
            signer=self._signer(),
        )

    def _signer(self) -> ClientSigner | None:
        if self.client_key is None or self.key is None:
            return None
        return ClientSigner(
            self.client_key.get_secret_value(), self._algorithm(self.key), self.client_certificate, self.client_key_id
        )

    def _algorithm(self, key: ClientKey) -> str:
        return self.client_key_alg or ("ES256" if key.fits("ES256") else "RS256")


def issuer_url(value: str) -> str:
    """Raises ValueError unless `value` can be an issuer: scheme, host, perhaps a path (Discovery, 3)."""
    try:
        target = parse_target(value)
    except ValueError:
        raise ValueError("must be an address such as https://login.example") from None
    if target.scheme == "http" and not target.is_loopback:
        raise ValueError("must begin with https")
    if "?" in target.request_target:
        raise ValueError("must have no query")
    return value


def origin_only(value: str) -> str:
    """As `issuer_url`, for a provider that is an origin alone. A slash at the end is forgiven."""
    value = issuer_url(value).removesuffix("/")
    if origin_of(value) != value:
        raise ValueError("must be an origin such as https://login.example, without a path")
    return value

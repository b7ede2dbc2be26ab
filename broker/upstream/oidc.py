"""Any OpenID Provider that publishes a discovery document."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from broker.addresses import parse_target
from broker.ports import Ports
from broker.upstream import claims as read
from broker.upstream.code_flow import Registration, authorization_url, origin_of, redeem, userinfo
from broker.upstream.findings import examine
from broker.upstream.id_token import Claims, Expected, verify
from broker.upstream.kind import (
    BY_CALLBACK,
    Assertion,
    Finding,
    FlowContext,
    Options,
    ReturnData,
    Secret,
    Start,
)
from broker.upstream.metadata import provider_of, signing_key
from broker.upstream.oauth_errors import read_error
from tenants.causes import UpstreamFailure

PAGE_PAUSE = timedelta(minutes=1)
"""A page that only shows the way to a provider waits for one that is down no more often than this."""
NAME_CLAIMS = ("name", "given_name", "family_name")


class OidcOptions(Options):
    issuer: str = Field(
        title="Issuer",
        description="Address of the provider, exactly as its discovery document names it.",
        max_length=500,
    )
    client_id: str = Field(title="Client id", description="As the provider registered us.", min_length=1, max_length=255)
    client_secret: Annotated[SecretStr, Secret()] = Field(
        title="Client secret", description="As the provider gave it.", min_length=1, max_length=1024
    )
    token_endpoint_auth: Literal["client_secret_basic", "client_secret_post"] = Field(
        default="client_secret_basic",
        title="How the secret is sent",
        description="In the Authorization header, or in the form.",
    )
    scopes: tuple[Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$")], ...] = Field(
        default=("openid", "email", "profile"),
        title="Scopes",
        description="What to ask for. openid is always among them.",
        max_length=20,
    )
    groups_claim: str = Field(
        default="groups", title="Claim for groups", description="Where the provider puts the groups.", max_length=100
    )
    fetch_userinfo: bool = Field(
        default=False,
        title="Ask the UserInfo endpoint",
        description="For providers that put names and address there instead of into the ID token.",
    )

    @field_validator("issuer")
    @classmethod
    def _is_url(cls, value: str) -> str:
        return issuer_url(value)

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return value if "openid" in value else ("openid", *value)


class Oidc:
    name = "oidc"
    label = "OpenID Connect"
    icon = "key"
    options_type = OidcOptions
    returning = BY_CALLBACK

    def start(self, options: OidcOptions, tx: FlowContext, ports: Ports) -> Start:
        provider = provider_of(options.issuer, ports)
        max_age = None if tx.max_age is None else str(tx.max_age)
        url = authorization_url(provider, _registration(options), tx, prompt=tx.prompt, max_age=max_age)
        return Start(url, {} if max_age is None else {"max_age": max_age})

    def finish(self, options: OidcOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> Assertion:
        provider = provider_of(options.issuer, ports)
        tokens = redeem(provider, _registration(options), tx, data, ports)
        expected = Expected(
            issuer=options.issuer,
            client_id=options.client_id,
            nonce=tx.nonce,
            now=tx.now,
            access_token=tokens.access_token,
            max_age=int(tx.kept["max_age"]) if "max_age" in tx.kept else None,
        )
        claims = verify(tokens.id_token, expected, lambda kid, alg: signing_key(provider, tx.connection, kid, alg, ports))
        if options.fetch_userinfo:
            claims = with_userinfo(claims, userinfo(provider, tokens, claims["sub"], ports), options.groups_claim)
        return _assertion(options, tx, claims)

    def refusal(self, options: OidcOptions, data: ReturnData) -> UpstreamFailure | None:
        return read_error(data.args)

    def check(self, options: OidcOptions, ports: Ports) -> list[Finding]:
        return examine(options.issuer, _registration(options), ports)

    def origins(self, options: OidcOptions, ports: Ports) -> tuple[str, ...]:
        return authorization_origins(options.issuer, ports)


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


def authorization_origins(issuer: str, ports: Ports) -> tuple[str, ...]:
    """The authorization endpoint's origin; the issuer's own when the provider can't be asked."""
    try:
        provider = provider_of(issuer, ports, pause=PAGE_PAUSE)
    except UpstreamFailure:
        return (origin_of(issuer),)
    return (origin_of(provider.authorization_endpoint),)


def with_userinfo(claims: Claims, more: Claims, groups_claim: str) -> Claims:
    """The ID token's claims, and what only UserInfo says of names, address and groups.

    An address and the word that it is verified stay together: one's word says nothing about the other's address.
    """
    address = claims if "email" in claims else more
    merged = {name: more[name] for name in (*NAME_CLAIMS, groups_claim) if name in more}
    merged.update(claims)
    merged.pop("email_verified", None)
    return {**merged, **{name: address[name] for name in ("email", "email_verified") if name in address}}


def _registration(options: OidcOptions) -> Registration:
    return Registration(
        client_id=options.client_id,
        client_secret=options.client_secret.get_secret_value(),
        auth_method=options.token_endpoint_auth,
        scopes=options.scopes,
    )


def _assertion(options: OidcOptions, tx: FlowContext, claims: Claims) -> Assertion:
    return Assertion(
        connection=tx.connection,
        issuer=claims["iss"],
        subject=claims["sub"],
        email=read.email(claims),
        email_evidence=read.email_evidence(claims),
        **read.names(claims),
        groups=read.words(claims, options.groups_claim),
        acr=read.text(claims, "acr"),
        amr=read.words(claims, "amr") or (),
        auth_time=read.moment(claims, "auth_time"),
        raw=read.redacted(claims),
    )

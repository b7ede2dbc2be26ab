"""Microsoft Entra ID, one directory: issuer and `tid` pinned, a person is who `oid` says within it.

An identity is stored as (issuer, subject) = (authority/tid/v2.0, oid). Entra's `sub` is not used: it changes with the
app registration. Address and user name change hands, so neither is ever a key.
"""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from broker.ports import Ports
from broker.upstream import claims as read
from broker.upstream.code_flow import Registration, authorization_url, redeem
from broker.upstream.entra_errors import read_entra_error
from broker.upstream.findings import examine
from broker.upstream.id_token import CLAIM_CHECKS, Check, Claims, Expected, verify
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
from broker.upstream.oidc import origin_only
from tenants.causes import Cause, UpstreamFailure

PERSONAL_DIRECTORY = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""All personal Microsoft accounts live in this one."""
GUID_PATTERN = f"^{read.GUID}$"
PUBLIC_CLOUD = "https://login.microsoftonline.com"


class EntraOptions(Options):
    directory: str = Field(
        title="Directory id",
        description="The directory's (tenant's) id, as the overview page of Microsoft Entra shows it.",
        pattern=GUID_PATTERN,
    )
    client_id: str = Field(
        title="Application id", description="The application (client) id of the app registration.", pattern=GUID_PATTERN
    )
    client_secret: Annotated[SecretStr, Secret()] = Field(
        title="Client secret", description="The secret's value, not its id.", min_length=1, max_length=1024
    )
    authority_host: str = Field(
        default=PUBLIC_CLOUD,
        title="Authority",
        description="Origin of the sign-in service. Another one for national clouds only.",
        max_length=300,
    )
    scopes: tuple[Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$")], ...] = Field(
        default=("openid", "profile", "email"),
        title="Scopes",
        description="What to ask for. openid and profile are always among them.",
        max_length=20,
    )

    @field_validator("directory", "client_id")
    @classmethod
    def _lower(cls, value: str) -> str:
        return value.lower()

    @field_validator("directory")
    @classmethod
    def _is_organization(cls, value: str) -> str:
        if value == PERSONAL_DIRECTORY:
            raise ValueError("this is the directory of personal accounts, which belongs to everybody")
        return value

    @field_validator("authority_host")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        return origin_only(value)

    @field_validator("scopes")
    @classmethod
    def _with_profile(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # `oid` comes with the scope profile only.
        return tuple(dict.fromkeys(("openid", "profile", *value)))

    @property
    def issuer(self) -> str:
        return f"{self.authority_host}/{self.directory}/v2.0"


def check_not_personal(claims: Claims, expected: Expected) -> None:
    if claims.get("tid") == PERSONAL_DIRECTORY:
        raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "personal", fact="personal")


def check_directory(directory: str) -> Check:
    """Microsoft signs for all directories with the same keys: this is what tells ours from the others."""

    def check(claims: Claims, expected: Expected) -> None:
        if claims.get("tid") != directory:
            raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "tid", fact="directory")

    return check


def check_version(claims: Claims, expected: Expected) -> None:
    """The claims of version 1 mean other things."""
    if claims.get("ver") != "2.0":
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "ver")


def check_not_guest(directory: str) -> Check:
    """A guest is at home elsewhere: `idp` names where, and `acct` (optional claim) is 1."""

    def check(claims: Claims, expected: Expected) -> None:
        home = claims.get("idp", expected.issuer)
        if home not in (expected.issuer, f"https://sts.windows.net/{directory}/") or claims.get("acct") in (1, "1"):
            raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "guest", fact="guest")

    return check


def check_object_id(claims: Claims, expected: Expected) -> None:
    if not read.is_guid(claims.get("oid")):
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "oid")


def entra_checks(directory: str) -> tuple[Check, ...]:
    """Whose account it is comes first, so that somebody with the wrong one is told so."""
    return (
        check_not_personal,
        check_directory(directory),
        *CLAIM_CHECKS,
        check_version,
        check_not_guest(directory),
        check_object_id,
    )


class Entra:
    name = "entra"
    label = "Microsoft Entra ID"
    icon = "way-microsoft"
    options_type = EntraOptions
    returning = BY_CALLBACK

    def start(self, options: EntraOptions, tx: FlowContext, ports: Ports) -> Start:
        # Entra knows no max_age; to be asked again is the nearest that it offers.
        prompt = "login" if tx.prompt is None and tx.max_age is not None else tx.prompt
        provider = provider_of(options.issuer, ports)
        return Start(authorization_url(provider, _registration(options), tx, prompt=prompt, domain_hint=tx.domain_hint))

    def finish(self, options: EntraOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> Assertion:
        provider = provider_of(options.issuer, ports)
        tokens = redeem(provider, _registration(options), tx, data, ports)
        expected = Expected(
            issuer=options.issuer,
            client_id=options.client_id,
            nonce=tx.nonce,
            now=tx.now,
            access_token=tokens.access_token,
        )
        claims = verify(
            tokens.id_token,
            expected,
            lambda kid, alg: signing_key(provider, tx.connection, kid, alg, ports),
            entra_checks(options.directory),
        )
        return _assertion(options, tx, claims)

    def refusal(self, options: EntraOptions, data: ReturnData) -> UpstreamFailure | None:
        return read_entra_error(data.args)

    def check(self, options: EntraOptions, ports: Ports) -> list[Finding]:
        return examine(options.issuer, _registration(options), ports)

    def origins(self, options: EntraOptions, ports: Ports) -> tuple[str, ...]:
        return (options.authority_host,)


def _registration(options: EntraOptions) -> Registration:
    return Registration(
        client_id=options.client_id,
        client_secret=options.client_secret.get_secret_value(),
        auth_method="client_secret_post",
        scopes=options.scopes,
        read_error=read_entra_error,
    )


def _assertion(options: EntraOptions, tx: FlowContext, claims: Claims) -> Assertion:
    return Assertion(
        connection=tx.connection,
        issuer=claims["iss"],
        subject=claims["oid"].lower(),
        email=read.email(claims),
        email_evidence=read.email_evidence(claims),
        directories=frozenset({options.directory}),
        **read.names(claims),
        groups=_groups(claims),
        acr=read.text(claims, "acr"),
        amr=read.words(claims, "amr") or (),
        auth_time=read.moment(claims, "auth_time"),
        raw=read.redacted(claims),
    )


def _groups(claims: Claims) -> tuple[str, ...] | None:
    """Beyond 200 Entra names a place to ask instead (or says `hasgroups`): that is unknown, not none."""
    elsewhere = claims.get("_claim_names")
    if "hasgroups" in claims or (isinstance(elsewhere, dict) and "groups" in elsewhere):
        return None
    return read.words(claims, "groups")

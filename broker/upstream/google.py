"""Google: people of the Workspaces that a connection names. A person is who `sub` says; addresses change hands.

`hd` in the ID token says which Workspace somebody belongs to. The parameter of the same name only shortens the list of
accounts that Google shows: whoever asks can change it, so it decides nothing. Google says in two spellings who it is
(with and without `https://`); identities are stored under the one with.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from broker.ports import Ports
from broker.upstream import claims as read
from broker.upstream.code_flow import Registration, authorization_url, identify
from broker.upstream.findings import examine
from broker.upstream.id_token import CLAIM_CHECKS, Check, Claims, Expected, check_issuer
from broker.upstream.kind import BY_CALLBACK, Assertion, Finding, FlowContext, Options, ReturnData, Secret, Start
from broker.upstream.metadata import Provider, provider_of
from broker.upstream.oauth_errors import MAX_WORD, clean, read_error
from broker.upstream.oidc_options import origin_only
from broker.upstream.sharing import SharedRegistration
from tenants.addresses import AddressError, normalise_domain
from tenants.causes import Cause, UpstreamFailure

GOOGLE = "https://accounts.google.com"
PERSONAL_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
SCOPES = ("openid", "email", "profile")

CAUSE_OF_ERROR: Mapping[str, Cause] = MappingProxyType(
    {
        "access_not_configured": Cause.CONSENT_MISSING,
        "admin_policy_enforced": Cause.UPSTREAM_POLICY_BLOCKED,
        "app_not_configured_for_user": Cause.UPSTREAM_NOT_ASSIGNED,
        "deleted_client": Cause.CONNECTION_MISCONFIGURED,
        "disabled_client": Cause.CONNECTION_MISCONFIGURED,
        "disallowed_useragent": Cause.UPSTREAM_POLICY_BLOCKED,
        "org_internal": Cause.UPSTREAM_NOT_ASSIGNED,
        "redirect_uri_mismatch": Cause.CONNECTION_MISCONFIGURED,
    }
)
"""Google's own words. Most of them it shows on a page of its own, from which nobody comes back."""


class GoogleOptions(Options):
    registration: Literal["own", "shared"] = Field(
        default="own",
        title="OAuth client",
        description="`own`: of a project of the tenant's. `shared`: the operator's, which needs no id and no secret here.",
    )
    client_id: str | None = Field(
        default=None,
        title="Client id",
        description="Of the OAuth client; it ends with .apps.googleusercontent.com.",
        min_length=1,
        max_length=255,
    )
    client_secret: Annotated[SecretStr | None, Secret()] = Field(
        default=None, title="Client secret", description="Of the same OAuth client.", min_length=1, max_length=1024
    )
    domains: tuple[Annotated[str, Field(max_length=255)], ...] = Field(
        title="Workspace domains",
        description="The primary domain of each Google Workspace whose people may come.",
        min_length=1,
        max_length=50,
    )
    authority: str = Field(
        default=GOOGLE,
        title="Authority",
        description="Origin of the sign-in service. Another one for trials only, and not with `shared`.",
        max_length=300,
    )

    @field_validator("domains")
    @classmethod
    def _are_workspaces(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_workspace(domain) for domain in value))

    @field_validator("authority")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        return origin_only(value)

    @model_validator(mode="after")
    def _can_prove_itself(self) -> Self:
        if self.registration == "shared" and (self.client_id or self.client_secret):
            raise ValueError('registration = "shared" goes without client_id and client_secret.')
        if self.registration == "shared" and self.authority != GOOGLE:
            raise ValueError('registration = "shared" goes without authority: its secret goes to Google only.')
        if self.registration == "own" and not (self.client_id and self.client_secret):
            raise ValueError("needs client_id and client_secret.")
        return self


def check_workspace(domains: tuple[str, ...]) -> Check:
    """Google signs for everybody with the same keys: this is what tells our people from all others (OU-13)."""

    def check(claims: Claims, expected: Expected) -> None:
        hosted = claims.get("hd")
        if hosted is None:
            raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "personal", fact="personal")
        if _domain(hosted) not in domains:
            words = f"of the Workspace {clean(hosted, MAX_WORD)!r}"
            raise UpstreamFailure(Cause.UPSTREAM_TENANT_MISMATCH, "hd", fact="directory", description=words)

    return check


def check_either_issuer(claims: Claims, expected: Expected) -> None:
    """The documented spelling, or the older one without its scheme."""
    if claims.get("iss") != expected.issuer.partition("://")[2]:
        check_issuer(claims, expected)


def google_checks(domains: tuple[str, ...]) -> tuple[Check, ...]:
    """Whose account it is comes first, so that somebody with the wrong one is told so."""
    others = (check for check in CLAIM_CHECKS if check is not check_issuer)
    return (check_workspace(domains), check_either_issuer, *others)


class Google:
    name = "google"
    label = "Google"
    icon = "way-google"
    options_type = GoogleOptions
    returning = BY_CALLBACK

    def start(self, options: GoogleOptions, tx: FlowContext, ports: Ports) -> Start:
        # Google can't be made to ask for the password again; to have the account chosen is the nearest that it offers.
        prompt = "select_account" if tx.prompt is not None or tx.max_age is not None else None
        hosted = options.domains[0] if len(options.domains) == 1 else "*"
        return Start(authorization_url(_provider(options, ports), _registration(options), tx, prompt=prompt, hd=hosted))

    def finish(self, options: GoogleOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> Assertion:
        provider, checks = _provider(options, ports), google_checks(options.domains)
        claims, _ = identify(provider, _registration(options), tx, data, ports, checks=checks)
        return _assertion(options, tx, claims)

    def refusal(self, options: GoogleOptions, data: ReturnData) -> UpstreamFailure | None:
        return read_google_error(data.args)

    def reads(self, options: GoogleOptions) -> Mapping[str, str]:
        return {**read.READS, "hd": "email_evidence"}

    def check(self, options: GoogleOptions, ports: Ports) -> list[Finding]:
        _require_registration(options)
        return examine(options.authority, _registration(options), ports)

    def origins(self, options: GoogleOptions, ports: Ports) -> tuple[str, ...]:
        return (options.authority,)

    def is_shared(self, options: GoogleOptions) -> bool:
        return options.registration == "shared"

    def with_registration(self, options: GoogleOptions, shared: SharedRegistration) -> Options:
        lent = {"client_id": shared.client_id, "client_secret": SecretStr(shared.client_secret), "authority": GOOGLE}
        return options.model_copy(update=lent)


def read_google_error(answer: Mapping[str, Any]) -> UpstreamFailure | None:
    """As `read_error`, and Google's own words beside those of the standards."""
    failure = read_error(answer)
    if failure is None or failure.detail not in CAUSE_OF_ERROR:
        return failure
    return UpstreamFailure(CAUSE_OF_ERROR[failure.detail], failure.detail, **failure.facts)


def _require_registration(options: GoogleOptions) -> None:
    if options.client_id is None:
        raise UpstreamFailure(Cause.CONNECTION_MISCONFIGURED, "no_shared_registration")


def _provider(options: GoogleOptions, ports: Ports) -> Provider:
    _require_registration(options)
    return provider_of(options.authority, ports)


def _registration(options: GoogleOptions) -> Registration:
    return Registration(
        client_id=options.client_id or "",
        client_secret=options.client_secret.get_secret_value() if options.client_secret else "",
        auth_method="client_secret_post",
        scopes=SCOPES,
        read_error=read_google_error,
    )


def _assertion(options: GoogleOptions, tx: FlowContext, claims: Claims) -> Assertion:
    """Google sends no groups: those are unknown."""
    return Assertion(
        connection=tx.connection,
        issuer=options.authority,
        subject=claims["sub"],
        email=read.email(claims),
        email_evidence=read.email_evidence(claims),
        directories=frozenset(options.domains),
        **read.names(claims),
        auth_time=read.moment(claims, "auth_time"),
        amr=read.words(claims, "amr") or (),
        raw=read.redacted(claims),
    )


def _domain(value: object) -> str | None:
    """A domain in its one spelling; None for what is none."""
    try:
        return normalise_domain(value) if isinstance(value, str) else None
    except AddressError:
        return None


def _workspace(value: str) -> str:
    domain = _domain(value)
    if domain is None:
        raise ValueError("must be domains such as acme.example")
    if domain in PERSONAL_DOMAINS:
        raise ValueError("gmail.com is no Workspace: its accounts are personal and belong to everybody")
    return domain

"""Any OpenID Provider that publishes a discovery document."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from broker.ports import Ports
from broker.upstream import claims as read
from broker.upstream.code_flow import authorization_url, identify, origin_of, userinfo
from broker.upstream.findings import examine
from broker.upstream.id_token import Claims
from broker.upstream.kind import BY_CALLBACK, Assertion, Finding, FlowContext, ReturnData, Start
from broker.upstream.metadata import Provider, provider_of
from broker.upstream.misfits import misfits, own_kind
from broker.upstream.oauth_errors import read_error
from broker.upstream.oidc_logout import read_logout_token, session_of, sign_out_there
from broker.upstream.oidc_options import OidcOptions as OidcOptions  # part of this kind, in a file of its own
from broker.upstream.oidc_options import issuer_url as issuer_url
from broker.upstream.oidc_options import origin_only as origin_only
from broker.upstream.sign_out import SIGNED_OUT, SignedOut, SignOut
from tenants.causes import UpstreamFailure

PAGE_PAUSE = timedelta(minutes=1)
"""A page that only shows the way to a provider waits for one that is down no more often than this."""
NAME_CLAIMS = ("name", "given_name", "family_name")


class Oidc:
    name = "oidc"
    label = "OpenID Connect"
    icon = "key"
    options_type = OidcOptions
    returning = BY_CALLBACK
    sign_out_path = SIGNED_OUT

    def start(self, options: OidcOptions, tx: FlowContext, ports: Ports) -> Start:
        provider = provider_of(options.issuer, ports)
        wishes = {
            "prompt": tx.prompt,
            "max_age": None if tx.max_age is None else str(tx.max_age),
            "response_mode": None if options.response_mode == "query" else options.response_mode,
        }
        keep = {} if tx.max_age is None else {"oldest": (tx.now - timedelta(seconds=tx.max_age)).isoformat()}
        return Start(authorization_url(provider, options.registration, tx, **wishes), keep)

    def finish(self, options: OidcOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> Assertion:
        provider = provider_of(options.issuer, ports)
        oldest = datetime.fromisoformat(tx.kept["oldest"]) if "oldest" in tx.kept else None
        claims, tokens = identify(provider, options.registration, tx, data, ports, oldest=oldest)
        if options.fetch_userinfo:
            claims = with_userinfo(claims, userinfo(provider, tokens, claims["sub"], ports), options.groups_claim)
        session = session_of(claims, tokens.id_token, keeps_hint=options.sign_out_there)
        return replace(_assertion(options, tx, claims), session=session)

    def refusal(self, options: OidcOptions, data: ReturnData) -> UpstreamFailure | None:
        return read_error(data.args)

    def reads(self, options: OidcOptions) -> Mapping[str, str]:
        return {**read.READS, options.groups_claim: "groups"}

    def check(self, options: OidcOptions, ports: Ports) -> list[Finding]:
        now = ports.clock.now()

        def more(provider: Provider) -> list[Finding]:
            return list(misfits(provider, options, now))

        return [*own_kind(options.issuer), *examine(options.issuer, options.registration, ports, more)]

    def origins(self, options: OidcOptions, ports: Ports) -> tuple[str, ...]:
        return authorization_origins(options.issuer, ports)

    def sign_out(self, options: OidcOptions, tx: SignOut, ports: Ports) -> Start | None:
        if not options.sign_out_there:
            return None
        return sign_out_there(provider_of(options.issuer, ports, pause=PAGE_PAUSE), options.client_id, tx)

    def read_logout_token(self, options: OidcOptions, connection: str, token: str, now: datetime, ports: Ports) -> SignedOut:
        provider = provider_of(options.issuer, ports)
        return read_logout_token(provider, options.client_id, connection, token, now, ports)


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

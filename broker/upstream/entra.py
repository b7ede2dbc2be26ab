"""Microsoft Entra ID: one directory, several or any. A person is who `oid` says within the directory that `tid` names.

An identity is stored as (issuer, subject) = (authority/tid/v2.0, oid). Entra's `sub` is not used: it changes with the
app registration. Address and user name change hands, so neither is ever a key.
"""

from collections.abc import Mapping
from dataclasses import replace

from broker.ports import Ports
from broker.upstream import claims as read
from broker.upstream import entra_consent as consent
from broker.upstream.code_flow import Tokens, authorization_url, identify
from broker.upstream.entra_checks import of_a_person
from broker.upstream.entra_errors import read_entra_error
from broker.upstream.entra_graph import Graph
from broker.upstream.entra_options import EntraOptions as EntraOptions  # part of this kind, in a file of its own
from broker.upstream.findings import examine
from broker.upstream.id_token import Claims
from broker.upstream.kind import BY_CALLBACK, Assertion, Finding, FlowContext, Options, ReturnData, Start
from broker.upstream.metadata import Provider, provider_of
from broker.upstream.oidc_logout import session_of, sign_out_there
from broker.upstream.sharing import ProvenDirectory, SharedRegistration
from broker.upstream.sign_out import SIGNED_OUT, SignOut
from tenants.causes import Cause, UpstreamFailure


class Entra:
    name = "entra"
    label = "Microsoft Entra ID"
    icon = "way-microsoft"
    options_type = EntraOptions
    returning = BY_CALLBACK
    sign_out_path = SIGNED_OUT

    def start(self, options: EntraOptions, tx: FlowContext, ports: Ports) -> Start:
        provider = _provider(options, ports)
        # Entra knows no max_age; to be asked again is the nearest that it offers.
        prompt = "login" if tx.prompt is None and tx.max_age is not None else tx.prompt
        return Start(authorization_url(provider, options.at_microsoft, tx, prompt=prompt, domain_hint=tx.domain_hint))

    def finish(self, options: EntraOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> Assertion:
        provider = _provider(options, ports)
        claims, tokens = identify(provider, options.at_microsoft, tx, data, ports, checks=of_a_person(options))
        return _assertion(options, tx, claims, tokens, ports)

    def refusal(self, options: EntraOptions, data: ReturnData) -> UpstreamFailure | None:
        return read_entra_error(data.args)

    def reads(self, options: EntraOptions) -> Mapping[str, str]:
        named = {"tid": "directories", "xms_edov": "email_evidence", "groups": "groups", "oid": "subject", "sub": ""}
        return {**read.READS, **named}

    def check(self, options: EntraOptions, ports: Ports) -> list[Finding]:
        _require_registration(options)
        return examine(options.authority, options.at_microsoft, ports, named=options.names_itself)

    def origins(self, options: EntraOptions, ports: Ports) -> tuple[str, ...]:
        return (options.authority_host,)

    def sign_out(self, options: EntraOptions, tx: SignOut, ports: Ports) -> Start | None:
        if not options.sign_out_there or not (options.named or options.any_work_account):
            return None
        return sign_out_there(_provider(options, ports), options.client_id or "", tx)

    # The operator's registration

    def is_shared(self, options: EntraOptions) -> bool:
        return options.registration == "shared"

    def with_registration(self, options: EntraOptions, shared: SharedRegistration) -> Options:
        return consent.with_registration(options, shared)

    # Directories that are won by consent

    def with_directories(self, options: EntraOptions, consented: tuple[str, ...]) -> Options:
        return consent.with_directories(options, consented)

    def may_win(self, options: EntraOptions) -> bool:
        return options.directory is None and not options.any_work_account

    def accepts(self, options: EntraOptions, directory: str) -> bool:
        return options.any_work_account or directory in options.named

    def directory_of(self, issuer: str) -> str:
        return issuer.removesuffix("/v2.0").rpartition("/")[2]

    def start_consent(self, options: EntraOptions, tx: FlowContext) -> str:
        _require_registration(options)
        return consent.consent_url(options, tx)

    def read_consent(self, data: ReturnData) -> str:
        return consent.read_consent(data)

    def start_proof(self, options: EntraOptions, tx: FlowContext, ports: Ports) -> str:
        return consent.start_proof(options, tx, ports)

    def finish_proof(self, options: EntraOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> ProvenDirectory:
        return consent.finish_proof(options, tx, data, ports)


def _require_registration(options: EntraOptions) -> None:
    if options.client_id is None:
        raise UpstreamFailure(Cause.CONNECTION_MISCONFIGURED, "no_shared_registration")


def _provider(options: EntraOptions, ports: Ports) -> Provider:
    _require_registration(options)
    if not options.named and not options.any_work_account:
        raise UpstreamFailure(Cause.CONSENT_MISSING, "no_directory")
    return provider_of(options.authority, ports, named=options.names_itself)


def _assertion(options: EntraOptions, tx: FlowContext, claims: Claims, tokens: Tokens, ports: Ports) -> Assertion:
    assertion = Assertion(
        connection=tx.connection,
        issuer=claims["iss"],
        subject=claims["oid"].lower(),
        email=read.email(claims),
        email_evidence=read.email_evidence(claims),
        # With several, the admins of one could write addresses of the other's domain into their own (OU-10).
        directories=frozenset(options.named if len(options.named) == 1 else ()),
        **read.names(claims),
        groups=read.words(claims, "groups"),
        acr=read.text(claims, "acr"),
        amr=read.words(claims, "amr") or (),
        auth_time=read.moment(claims, "auth_time"),
        raw=read.redacted(claims),
        session=session_of(claims, tokens.id_token, keeps_hint=True) if options.sign_out_there else None,
    )
    graph = Graph(options.graph_host, tokens.access_token, ports)
    if _has_too_many_groups(claims):
        assertion = _with_groups(assertion, graph, is_asked=options.read_groups)
    if options.read_profile:
        position, phone = graph.position_and_phone()
        assertion = replace(assertion, position=position, phone=phone)
    return assertion


def _has_too_many_groups(claims: Claims) -> bool:
    """Beyond 200 Entra names a place to ask instead, or says `hasgroups`."""
    elsewhere = claims.get("_claim_names")
    return "hasgroups" in claims or (isinstance(elsewhere, dict) and "groups" in elsewhere)


def _with_groups(assertion: Assertion, graph: Graph, *, is_asked: bool) -> Assertion:
    """As Graph names them. Where it can't be asked they are unknown, which is not none; the reason goes with the claims.

    The place that the token names is not used: it is an older interface, and where it leads is not for a token to say.
    """
    try:
        groups, why = (graph.groups_of(assertion.subject), "") if is_asked else (None, "read_groups is off")
    except UpstreamFailure as failure:
        groups, why = None, failure.detail
    source = f"unknown: {why}" if why else "graph"
    missing = f"too many to send, {why}" if why else ""
    return replace(assertion, groups=groups, groups_missing=missing, raw={**assertion.raw, "groups_overage": source})

"""Admin consent at Microsoft, and the sign-in that proves whose it was (protocol-facts.md, "Admin consent flow").

What comes back from the consent page can be written by anybody. A directory counts only after somebody has signed in
to it, in the same browser, and the ID token says the same.
"""

from urllib.parse import urlencode

from pydantic import SecretStr

from broker.ports import Ports
from broker.upstream.code_flow import authorization_url, identify
from broker.upstream.entra_checks import is_directory, of_any_directory
from broker.upstream.entra_errors import read_entra_error
from broker.upstream.entra_options import EntraOptions, operators_own
from broker.upstream.id_token import Claims
from broker.upstream.kind import FlowContext, Options, ReturnData, hearsay
from broker.upstream.metadata import Provider, provider_of
from broker.upstream.oauth_errors import clean
from broker.upstream.sharing import ProvenDirectory, SharedRegistration
from tenants.addresses import AddressError, normalise_domain
from tenants.causes import Cause, UpstreamFailure

MAX_NAME = 320


def with_registration(options: EntraOptions, shared: SharedRegistration) -> Options:
    """As if the operator's registration were the tenant's own. Where its secret goes is the operator's to say."""
    lent = {
        **operators_own(),
        **shared.origins,
        "client_id": shared.client_id.lower(),
        "client_secret": SecretStr(shared.client_secret) if shared.client_secret else None,
        "client_certificate": shared.certificate or None,
        "client_key": SecretStr(shared.private_key) if shared.private_key else None,
    }
    return options.model_copy(update=lent)


def with_directories(options: EntraOptions, consented: tuple[str, ...]) -> Options:
    """What was won stands beside what is named; a connection of one directory stays one."""
    if options.directory or options.any_work_account or not consented:
        return options
    return options.model_copy(update={"directories": tuple(dict.fromkeys((*options.directories, *consented)))})


def consent_url(options: EntraOptions, tx: FlowContext) -> str:
    """Where an admin is asked for the whole directory: at the one that is named, else at whichever the admin is of."""
    graph = ["User.Read", *(["Directory.Read.All"] if options.read_groups else [])]
    scopes = ("openid", "profile", "email", "offline_access", *(f"{options.graph_host}/{scope}" for scope in graph))
    asked = {
        "client_id": options.client_id or "",
        "redirect_uri": tx.callback_url,
        "scope": " ".join(scopes),
        "state": tx.state,
    }
    return f"{options.authority_host}/{options.directory or 'organizations'}/v2.0/adminconsent?{urlencode(asked)}"


def read_consent(data: ReturnData) -> str:
    """The directory that the answer names: a claim of the browser's, to be proven. Raises UpstreamFailure."""
    failure = read_entra_error(data.args)
    if failure is not None:
        raise hearsay(failure)
    directory = data.args.get("tenant", "").lower()
    if data.args.get("admin_consent", "").lower() != "true" or not is_directory(directory):
        raise hearsay(UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "admin_consent"))
    return directory


def start_proof(options: EntraOptions, tx: FlowContext, ports: Ports) -> str:
    return authorization_url(_provider(options, ports), options.at_microsoft, tx, prompt="select_account")


def finish_proof(options: EntraOptions, tx: FlowContext, data: ReturnData, ports: Ports) -> ProvenDirectory:
    failure = read_entra_error(data.args)
    if failure is not None:
        raise hearsay(failure)
    provider = _provider(options, ports)
    claims, _ = identify(provider, options.at_microsoft, tx, data, ports, checks=of_any_directory(options))
    return ProvenDirectory(claims["tid"], _domain(claims))


def _provider(options: EntraOptions, ports: Ports) -> Provider:
    """An own registration for one directory does not exist at the authority of all."""
    if options.directory:
        return provider_of(options.authority, ports)
    return provider_of(f"{options.authority_host}/organizations/v2.0", ports, named=options.many)


def _domain(claims: Claims) -> str:
    """Of the name that somebody signs in with, which is of a domain that the directory has verified. An address may be any."""
    name = clean(claims.get("preferred_username"), MAX_NAME)
    try:
        return normalise_domain(name.rpartition("@")[2])
    except AddressError:
        return ""

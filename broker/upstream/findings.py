"""The connection test of the OpenID Connect kinds: each look at the provider gives one finding."""

from collections.abc import Callable, Iterator

from flask_babel import lazy_gettext as _

from broker.ports import Ports
from broker.upstream.code_flow import Registration, token_request
from broker.upstream.kind import Finding
from broker.upstream.metadata import Provider, fetch_keys, fetch_provider
from broker.upstream.strict_json import read_object
from tenants.causes import UpstreamFailure

CREDENTIAL_ERRORS = frozenset({"invalid_client", "unauthorized_client"})


def examine(
    issuer: str,
    us: Registration,
    ports: Ports,
    more: Callable[[Provider], list[Finding]] | None = None,
    *,
    named: str | None = None,
) -> list[Finding]:
    """Asks the provider now, past everything that is kept. `more`: what else of its description matters to a kind.

    `named`: as `fetch_provider` takes it.
    """
    try:
        provider = fetch_provider(issuer, ports.http, named)
    except UpstreamFailure as failure:
        return [Finding("bad", failure.detail, _("The provider’s description can’t be used: %(why)s", why=failure.detail))]
    return [
        Finding("ok", "discovery", _("The provider describes itself under the issuer that you gave.")),
        *_keys(provider, ports),
        *_methods(provider, us),
        *(more(provider) if more else ()),
        *_credentials(provider, us, ports),
    ]


def _keys(provider: Provider, ports: Ports) -> Iterator[Finding]:
    try:
        count = len(fetch_keys(provider.jwks_uri, ports.http))
    except UpstreamFailure as failure:
        yield Finding("bad", failure.detail, _("The provider’s keys can’t be used: %(why)s", why=failure.detail))
        return
    if count:
        yield Finding("ok", "keys", _("The provider publishes keys that we can use: %(count)s.", count=count))
    else:
        yield Finding("bad", "no_keys", _("The provider publishes no key that we can use."))


def _methods(provider: Provider, us: Registration) -> Iterator[Finding]:
    if us.auth_method not in provider.token_auth_methods:
        yield Finding("warn", "auth_method", _("The provider does not announce %(method)s.", method=us.auth_method))
    if "S256" not in provider.challenge_methods:
        yield Finding("warn", "pkce", _("The provider does not announce PKCE with S256. We send it all the same."))


def _credentials(provider: Provider, us: Registration, ports: Ports) -> Iterator[Finding]:
    """Offers a code that nobody issued: who then complains about us and not about the code does not know us."""
    form = {"grant_type": "authorization_code", "code": "connection-test"}
    try:
        answer = read_object(token_request(provider, us, form, ports).body)
    except UpstreamFailure as failure:
        yield Finding("bad", failure.detail, _("The provider’s token endpoint does not answer: %(why)s", why=failure.detail))
        return
    except ValueError:
        answer = {}
    if answer.get("error") in CREDENTIAL_ERRORS:
        yield Finding("bad", "credentials", _("The provider does not accept the client id, or its secret or key."))
    elif answer.get("error") == "invalid_grant":
        yield Finding("ok", "credentials", _("The provider accepts the client id and its secret or key."))
    else:
        yield Finding("warn", "credentials", _("Whether the provider accepts the client secret shows at a sign-in only."))

"""What a provider's description says against the options of a connection, for the test of a generic one."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _

from broker.upstream.kind import Finding
from broker.upstream.metadata import Provider
from broker.upstream.oidc_options import OidcOptions
from broker.upstream.presets import kind_of_host
from broker.upstream.signing_keys import KEY_OF_ALGORITHM

SOON = timedelta(days=30)


def own_kind(issuer: str) -> Iterator[Finding]:
    """Of a connection that is older than the rule: new ones are refused."""
    if kind := kind_of_host(issuer):
        sentence = _("This provider has a kind of its own, which checks whose people come: kind %(kind)s.", kind=kind)
        yield Finding("warn", "own_kind", sentence)


def misfits(provider: Provider, options: OidcOptions, now: datetime) -> Iterator[Finding]:
    """One finding for each thing that does not fit; a list that the provider does not publish says nothing."""
    yield from _flow(provider, options)
    yield from _asked(provider, options)
    yield from _key(provider, options, now)


def _flow(provider: Provider, options: OidcOptions) -> Iterator[Finding]:
    if _lacks(provider, "response_types", "code"):
        yield Finding("bad", "response_types", _("The provider does not offer the authorization code flow."))
    algorithms = provider.announced.get("id_token_signing_alg_values", ("RS256",))
    if not set(algorithms) & KEY_OF_ALGORITHM.keys():
        words = ", ".join(KEY_OF_ALGORITHM)
        yield Finding("bad", "algorithms", _("The provider signs in no way that we take: %(words)s.", words=words))
    if options.response_mode != "query" and _lacks(provider, "response_modes", options.response_mode):
        mode = options.response_mode
        yield Finding("warn", "response_mode", _("The provider does not announce the response mode %(mode)s.", mode=mode))


def _asked(provider: Provider, options: OidcOptions) -> Iterator[Finding]:
    unknown = [scope for scope in options.scopes if _lacks(provider, "scopes", scope)]
    if unknown:
        yield Finding("warn", "scopes", _("The provider does not announce these scopes: %(words)s.", words=", ".join(unknown)))
    if _lacks(provider, "claims", "email"):
        yield Finding("warn", "claims", _("The provider does not announce a claim for the e-mail address."))
    if options.fetch_userinfo and provider.userinfo_endpoint is None:
        yield Finding("bad", "userinfo_missing", _("The provider has no UserInfo endpoint, which fetch_userinfo needs."))


def _key(provider: Provider, options: OidcOptions, now: datetime) -> Iterator[Finding]:
    signer, key = options.registration.signer, options.key
    if signer is None or key is None:
        return
    if _lacks(provider, "token_endpoint_auth_signing_alg_values", signer.alg):
        yield Finding(
            "warn", "client_key_alg", _("The provider does not announce signatures of ours by %(alg)s.", alg=signer.alg)
        )
    if key.not_after is not None and key.not_after <= now:
        yield Finding("bad", "client_certificate", _("The certificate of our key has run out."))
    elif key.not_after is not None and key.not_after - now < SOON:
        day = key.not_after.date().isoformat()
        yield Finding("warn", "client_certificate", _("The certificate of our key ends on %(day)s.", day=day))


def _lacks(provider: Provider, name: str, wanted: str) -> bool:
    return name in provider.announced and wanted not in provider.announced[name]

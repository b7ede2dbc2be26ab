"""The connection test: what can be said about the provider without asking it. Nothing of SAML answers a question."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _

from broker.upstream.kind import Finding
from broker.upstream.saml_parts.provider import Provider

_SOON = timedelta(days=30)


def examine(provider: Provider, now: datetime) -> Iterator[Finding]:
    """One finding for what is described, and one for each certificate."""
    yield Finding("ok", "metadata", _("The identity provider is %(entity_id)s.", entity_id=provider.entity_id))
    if provider.valid_until is not None and provider.valid_until <= now:
        yield Finding(
            "warn", "metadata_old", _("Its metadata ended on %(end)s: get a new file.", end=_day(provider.valid_until))
        )
    for end, fingerprint in zip(provider.ends, provider.fingerprints, strict=True):
        words = {"end": _day(end), "fingerprint": fingerprint[:16]}
        if end <= now:
            sentence = _("The certificate %(fingerprint)s… ended on %(end)s. It is taken still; ask for the new one.", **words)
            yield Finding("warn", "certificate_ended", sentence)
        elif end <= now + _SOON:
            sentence = _("The certificate %(fingerprint)s… ends on %(end)s: add the next one beside it.", **words)
            yield Finding("warn", "certificate_ends", sentence)
        else:
            yield Finding("ok", "certificate", _("It signs with the certificate %(fingerprint)s…, until %(end)s.", **words))


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")

"""What an admin copies from here to the identity provider's side; exact, as the sign-in itself says it there."""

from dataclasses import dataclass

from flask import g
from flask_babel import gettext as _

from broker.upstream import KINDS
from broker.upstream.saml_parts.metadata import entity_id_of, slo_url_of


@dataclass(frozen=True, slots=True)
class CopyValue:
    """One value with its label; `name` is its id on the page."""

    name: str
    label: str
    value: str
    help: str = ""


def copies_for(kind: str, key: str, scopes: tuple[str, ...] = ()) -> list[CopyValue]:
    """The values for a connection with this key, there or to be."""
    back = f"{g.tenant.base_url}{KINDS[kind].returning.path.format(key=key)}"
    if kind == "saml":
        later = _("It answers once this page was saved.")
        return [
            CopyValue("copy-metadata", _("Metadata, for a provider that reads an address"), entity_id_of(back), later),
            CopyValue("copy-entity", _("Entity id (audience, identifier)"), entity_id_of(back)),
            CopyValue("copy-acs", _("Reply address (assertion consumer service)"), back),
            CopyValue("copy-slo", _("Address for signing out"), slo_url_of(back), _("Optional.")),
        ]
    found = [CopyValue("copy-redirect", _("Redirect URI"), back)]
    if scopes:
        found.append(CopyValue("copy-scopes", _("Scopes"), " ".join(scopes)))
    if kind == "oidc":
        logout = f"{g.tenant.base_url}/backchannel/{key}"
        found.append(
            CopyValue("copy-logout", _("Back-channel logout URI"), logout, _("Optional: if the provider has a field for it."))
        )
    return found

"""The applications that a person may open, as tiles (requirements.md, S2)."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import g, url_for

from broker.pages import Tile
from broker.session import SignedIn
from broker.tenancy import tenant_url
from tenants.assignments import entitlements_of
from tenants.snapshot import ApplicationConfig

SEARCH_FROM = 9
"""So many applications are too many to look through: from here on there is a field to search in."""
LONGEST_QUERY = 100


def tiles_of(person: SignedIn) -> list[Tile]:
    """What this person may open, by name. One statement where an application is not for everybody, none otherwise."""
    return [_tile(application) for application in _open_to(person)]


def matching(tiles: list[Tile], query: str) -> list[Tile]:
    """Those in whose name or host every word stands."""
    words = query[:LONGEST_QUERY].casefold().split()
    return [tile for tile in tiles if all(word in f"{tile.name} {tile.host}".casefold() for word in words)]


def _open_to(person: SignedIn) -> Iterator[ApplicationConfig]:
    offered = [one for one in g.tenant.all_applications if one.is_enabled and address_of(one)]
    if any(one.audience is not None for one in offered):
        with g.db.reading() as db:
            brought = entitlements_of(db, person.row.account_id, person.row.organization_id)
        offered = [one for one in offered if one.audience is None or one.audience.admits(brought)]
    yield from sorted(offered, key=lambda one: one.name.casefold())


def _tile(application: ApplicationConfig) -> Tile:
    address = address_of(application) or ""
    icon_url = None
    if application.icon_version:
        icon_url = url_for("home.application_icon", application=application.key, v=application.icon_version)
    return Tile(name=application.name, host=urlsplit(address).hostname or "", url=address, icon_url=icon_url)


def address_of(application: ApplicationConfig) -> str | None:
    """Where its tile leads: its own address, or ours where a SAML application takes people from here (Profiles, 4.1.5)."""
    if application.launch_url:
        return application.launch_url
    if application.saml is not None and application.saml.may_begin_here:
        return tenant_url(f"/saml/idp/sso?sp={application.key}")
    return None

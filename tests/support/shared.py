"""Ways in by the operator's registrations, and what plays Microsoft and Google for those."""

from typing import Any

from tests import factories
from tests.factories import Home
from tests.peers.entra import EntraPeer, FakeApplication, FakeDirectory
from tests.peers.google import FakeGoogle, GooglePeer
from tests.support.steps import Way
from tests.support.wiring import SHARED_ENTRA, SHARED_GOOGLE


def shared_entra(home: Home, peer: EntraPeer, key: str = "microsoft", **options: Any) -> Way:
    """At the authority of all organizations; `way.idp.chosen` is the directory of whoever signs in."""
    application = peer.application(SHARED_ENTRA)
    return Way(home, _connection(home, key, "entra", "Microsoft", options), application)


def shared_entra_of(home: Home, peer: EntraPeer, key: str = "microsoft", **options: Any) -> Way:
    """At one directory, which the connection names."""
    directory: FakeDirectory = peer.directory()
    directory.client_id = SHARED_ENTRA
    application: FakeApplication = peer.application(SHARED_ENTRA)
    application.chosen = directory.directory
    row = _connection(home, key, "entra", "Microsoft", {"directory": directory.directory} | options)
    return Way(home, row, directory)


def shared_google(home: Home, peer: GooglePeer) -> Way:
    client: FakeGoogle = peer.client(SHARED_GOOGLE)
    options = {"registration": "shared", "domains": [home.domain]}
    columns = {"provisioning": "just_in_time", "options": options, "secrets": {}}
    return Way(home, factories.connection(home, "google", kind="google", label="Google", **columns), client)


def _connection(home: Home, key: str, kind: str, label: str, options: dict[str, Any]) -> Any:
    whole = {"registration": "shared"} | options
    columns = {"provisioning": "just_in_time", "options": whole, "secrets": {}}
    return factories.connection(home, key, kind=kind, label=label, **columns)

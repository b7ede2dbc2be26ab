"""What this installation offers to whoever configures a connection, by file, command or page: kinds and icons by name."""

from pathlib import Path

from broker.icons import SYMBOLS
from broker.upstream import KINDS
from broker.upstream.kind import Kind, document_fields, secret_fields
from broker.wiring import Broker
from tenants.manifest.reading import KindForm, Surroundings

_OWN_ICONS = Path(__file__).parent / "static" / "icons"


def surroundings(broker: Broker) -> Surroundings:
    """For tenants/manifest/reading.py."""
    return Surroundings(
        kinds={name: _form(kind) for name, kind in KINDS.items()},
        icons=frozenset(SYMBOLS) | own_icons(),
        main_host=broker.settings.main_host,
    )


def own_icons() -> frozenset[str]:
    """Keys of our own glyphs for ways to sign in."""
    return frozenset(path.stem for path in _OWN_ICONS.glob("*.svg"))


def _form(kind: Kind) -> KindForm:
    options = kind.options_type
    return KindForm(options, frozenset(secret_fields(options)), frozenset(document_fields(options)))

"""Who listens where: the broker on `localhost`, every peer on 127.0.0.1, so that they are other sites to a browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DIRECTORY = "4f6d1c1e-0b7a-4a0c-9d5e-2a4c8b7e6f10"
"""The id of Acme's directory in the simulated Entra."""

OTHER_DIRECTORY = "b3a0e7c2-58d4-4f0e-8e39-7f1d5c2a9b64"
"""Brightwater's directory: of tokens and guests that come from elsewhere, and of a tenant that it has to approve first."""

PERSONAL_DIRECTORY = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""Where Microsoft keeps personal accounts; the same for everybody."""

ENTRA_CLIENT = "6c9f1f0e-6f0b-4b3e-8a35-9d1c3b7a2e44"
"""The id under which the broker is registered in Acme's directory."""

SHARED_CLIENT = "a1d7c2f4-93b5-4e06-8f12-6c0e5b7d9a33"
"""The id under which the operator has registered the broker for all directories."""

GOOGLE_CLIENT = "431502617788-unionworks.apps.googleusercontent.com"
"""The id of the OAuth client of Union Works at the simulated Google."""

FIRST_PORT = 8000
PORTS_USED = 12


class DemoError(Exception):
    """Why the demo can't run, as one sentence for whoever started it."""


@dataclass(frozen=True, slots=True)
class Places:
    """The addresses of one demo; all follow from the first port. Addresses carry no slash at the end."""

    port: int
    data: Path
    """Folder of everything that is kept between runs."""

    @property
    def ports(self) -> range:
        return range(self.port, self.port + PORTS_USED)

    @property
    def broker(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def entra(self) -> str:
        return self._peer(1)

    @property
    def travel(self) -> str:
        return self._peer(2)

    @property
    def desk(self) -> str:
        return self._peer(3)

    @property
    def helper(self) -> str:
        return self._peer(4)

    @property
    def google(self) -> str:
        return self._peer(5)

    @property
    def works(self) -> str:
        """The company login of Union Works, which speaks SAML."""
        return self._peer(6)

    @property
    def mail_port(self) -> int:
        """Where the mailbox takes mail."""
        return self.port + 7

    @property
    def mailbox(self) -> str:
        """Where it shows it."""
        return self._peer(8)

    @property
    def operator(self) -> str:
        """The operator console: beside tenants, as in no real installation."""
        return f"{self.broker}/operator/"

    @property
    def payroll(self) -> str:
        """An application that asks for a second factor."""
        return self._peer(9)

    @property
    def shifts(self) -> str:
        """An application that speaks SAML."""
        return self._peer(10)

    @property
    def kudos(self) -> str:
        """An application of another company's."""
        return self._peer(11)

    @property
    def consent_link(self) -> Path:
        """Where the link for Brightwater's admin is kept, which the operator made."""
        return self.data / "consent-link.txt"

    @property
    def environment_file(self) -> Path:
        """What the broker runs with, for whoever wants to try its commands."""
        return self.data / "broker.env"

    @property
    def database(self) -> Path:
        return self.data / "broker.sqlite3"

    @property
    def tenants_file(self) -> Path:
        return self.data / "tenants.toml"

    @property
    def harbour_mark(self) -> Path:
        """There since Harbour Works was handed over to its owner."""
        return self.data / "harbour-handed-over"

    def log(self, child: str) -> Path:
        """Where a child process writes what it has to say."""
        return self.data / f"{child}.log"

    def tenant(self, slug: str) -> str:
        """The address of a tenant, which is its issuer too."""
        return f"{self.broker}/t/{slug}"

    def _peer(self, offset: int) -> str:
        return f"http://127.0.0.1:{self.port + offset}"


def places_from(environment: Mapping[str, str]) -> Places:
    """The places that PORT and DEMO_FOLDER name. Raises DemoError.

    Each port has data of its own, as issuers and return addresses carry the port.
    """
    text = environment.get("PORT") or str(FIRST_PORT)
    last = 65536 - PORTS_USED
    if not (text.isascii() and text.isdigit()) or not 1024 <= int(text) <= last:
        raise DemoError(f"PORT has to be a number from 1024 to {last}, such as PORT={FIRST_PORT} make demo.")
    folder = environment.get("DEMO_FOLDER") or ROOT / "var" / "demo"
    return Places(int(text), Path(folder).resolve() / str(int(text)))

"""Who is who in the demo: the people of each simulated provider, and those who sign in with a password."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from broker.demo.places import DIRECTORY, OTHER_DIRECTORY


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a simulated provider knows."""

    id: str
    """What stays the same for ever: Entra's `oid`, Google's `sub`, a NameID."""
    given_name: str
    family_name: str
    email: str
    note: str
    """What happens with this person, for whoever tries the demo."""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class DirectoryPerson(Person):
    """Somebody in the simulated Entra."""

    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    home: str = ""
    """The directory that a guest comes from; empty: this one."""
    is_address_verified: bool = True
    directory: str = DIRECTORY
    """Where this account is."""
    position: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class GooglePerson(Person):
    """Somebody with an account at the simulated Google."""

    workspace: str = ""
    """The primary domain of their Workspace; empty: the account is personal."""


@dataclass(frozen=True, slots=True)
class StaffPerson(Person):
    """Somebody at the simulated company login (SAML)."""

    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalPerson:
    """Somebody with a password and an authenticator app."""

    key: str
    """Names this person's secrets in the environment: DEMO_<key>_PASSWORD and DEMO_<key>_TOTP."""
    tenant: str
    email: str
    name: str
    password: str
    note: str


WORKSPACE = "union.example"
"""Union Works’ own at the simulated Google."""

MANY_GROUPS = tuple(f"9e0d7c4a-1f52-4b7e-a6d3-{number:012x}" for number in range(1, 231))
"""More than the 200 that a token of Entra's holds; by their ids, as Graph names them."""

DIRECTORY_PEOPLE = (
    DirectoryPerson(
        "0d3c5a10-6a3e-4a53-9d8c-51f7a5a0e001",
        "Jane",
        "Doe",
        "jane.doe@acme.example",
        "Comes straight in; an account is made at the first sign-in.",
        groups=("Finance", "Travellers"),
        roles=("Approver",),
        position="Head of Finance",
        phone="+32 2 555 01 17",
    ),
    DirectoryPerson(
        "0d3c5a10-6a3e-4a53-9d8c-51f7a5a0e002",
        "Omar",
        "Haddad",
        "omar.haddad@acme.example",
        "Comes straight in as well.",
        groups=("Facilities",),
    ),
    DirectoryPerson(
        "0d3c5a10-6a3e-4a53-9d8c-51f7a5a0e003",
        "Sofía",
        "Núñez-Łukasiewicz",
        "sofia.nunez@acme.example",
        "Comes straight in; a long name with accents.",
        groups=("Travellers",),
        roles=("Traveller",),
    ),
    DirectoryPerson(
        "0d3c5a10-6a3e-4a53-9d8c-51f7a5a0e004",
        "Lin",
        "Zhao",
        "lin.zhao@studio.acme.example",
        "Of a second domain: accepted, but not routed by address.",
        groups=("Design",),
    ),
    DirectoryPerson(
        "0d3c5a10-6a3e-4a53-9d8c-51f7a5a0e007",
        "Vera",
        "Castellanos",
        "vera.castellanos@acme.example",
        "Comes straight in; is in 230 groups, too many for a token: the broker asks Graph.",
        groups=MANY_GROUPS,
    ),
    DirectoryPerson(
        "0d3c5a10-6a3e-4a53-9d8c-51f7a5a0e005",
        "Per",
        "Nilsson",
        "per.nilsson@acme-holding.example",
        "Refused: the domain is not on Acme's list.",
        groups=("Board",),
    ),
    DirectoryPerson(
        "0d3c5a10-6a3e-4a53-9d8c-51f7a5a0e006",
        "Gil",
        "Brightwater",
        "gil@brightwater.example",
        "Refused: a guest from another directory.",
        home=OTHER_DIRECTORY,
    ),
)

BRIGHTWATER_PEOPLE = (
    DirectoryPerson(
        "5b1e0c77-2a94-4d3b-8c60-0e7d9f4a1001",
        "Gil",
        "Brightwater",
        "gil@brightwater.example",
        "Administers Brightwater’s directory: can approve the broker there.",
        groups=("Owners",),
        directory=OTHER_DIRECTORY,
    ),
    DirectoryPerson(
        "5b1e0c77-2a94-4d3b-8c60-0e7d9f4a1002",
        "Ines",
        "Okoro",
        "ines@brightwater.example",
        "Comes in once the directory is approved.",
        directory=OTHER_DIRECTORY,
    ),
)

GOOGLE_PEOPLE = (
    GooglePerson(
        "104200000000000000001",
        "Rosa",
        "Lindgren",
        "rosa.lindgren@union.example",
        "Comes straight in; an account is made at the first sign-in.",
        workspace=WORKSPACE,
    ),
    GooglePerson(
        "104200000000000000002",
        "Kofi",
        "Mensah",
        "kofi.mensah@union-lab.example",
        "Of a second domain of the same Workspace: comes in as well.",
        workspace=WORKSPACE,
    ),
    GooglePerson(
        "104200000000000000003",
        "Iris",
        "Aalto",
        "iris.aalto@union-ventures.example",
        "Refused: of the Workspace, but the domain is not on the list of Union Works.",
        workspace=WORKSPACE,
    ),
    GooglePerson(
        "104200000000000000004",
        "Ana",
        "Petrova",
        "ana.petrova@mailbox.example",
        "Refused: a personal account.",
    ),
    GooglePerson(
        "104200000000000000005",
        "Max",
        "Stone",
        "max.stone@union.example",
        "Refused: a personal account as well, made with an address of the company.",
    ),
    GooglePerson(
        "104200000000000000006",
        "Bea",
        "Otero",
        "bea.otero@otherworks.example",
        "Refused: another company’s Workspace.",
        workspace="otherworks.example",
    ),
)

STAFF = (
    StaffPerson(
        "staff-2001",
        "Hana",
        "Novák",
        "hana.novak@works.example",
        "Comes straight in; an account is made at the first sign-in.",
        groups=("Assembly", "Shift leads"),
    ),
    StaffPerson("staff-2002", "Luca", "Moretti", "luca.moretti@works.example", "Comes straight in as well."),
    StaffPerson(
        "staff-2003",
        "Ida",
        "Berg",
        "ida.berg@supplier.example",
        "Refused: the domain is not on the list of Union Works.",
    ),
)

INVITED = ("lumen", "nina@lumen.example")
"""Tenant and address of somebody who has still to choose a password."""
ENTERED = "noah@lumen.example"
"""Of the same tenant; an admin made the account without a mail."""

LOCAL_PEOPLE = (
    LocalPerson("EVA", "acme", "eva.extern@partner.example", "Eva Extern", "Velvet-Harbour-27-Mosaic", "an external of Acme"),
    LocalPerson(
        "PIA", "union", "pia@freelance.example", "Pia Ferreira", "Amber-Compass-64-Thistle", "an external of Union Works"
    ),
    LocalPerson("MIA", "lumen", "mia@lumen.example", "Mia Lindqvist", "Copper-Orchard-58-Violin", "works at Lumen"),
    LocalPerson("IVY", "harbour", "ivy@harbour.example", "Ivy Sandoval", "Juniper-Ferry-71-Cobalt", "owns Harbour Works"),
    LocalPerson("TOM", "lumen", "tom@lumen.example", "Tom Okafor", "Granite-Lantern-93-Willow", "works at Lumen"),
)
OPERATOR = LocalPerson(
    "OPERATOR", "", "olga@operator.example", "Olga Operator", "Silver-Meadow-71-Lantern", "looks after the whole installation"
)
"""For the operator console; in no tenant."""

P = TypeVar("P", bound=Person)


def is_hinted(person: Person, hint: str) -> bool:
    return person.email.casefold() == hint.strip().casefold()


def hinted_first(people: Sequence[P], hint: str) -> list[P]:
    return sorted(people, key=lambda person: not is_hinted(person, hint))

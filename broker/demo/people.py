"""Who is who in the demo: the people of Acme's directory, and those who sign in with a password."""

from dataclasses import dataclass

from broker.demo.places import OTHER_DIRECTORY


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """Somebody in the simulated Entra."""

    oid: str
    given_name: str
    family_name: str
    email: str
    note: str
    """What happens with this person, for whoever tries the demo."""
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    home: str = ""
    """The directory that a guest comes from; empty: this one."""
    is_address_verified: bool = True

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


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


DIRECTORY_PEOPLE = (
    DirectoryPerson(
        "0d3c5a10-6a3e-4a53-9d8c-51f7a5a0e001",
        "Jane",
        "Doe",
        "jane.doe@acme.example",
        "Comes straight in; an account is made at the first sign-in.",
        groups=("Finance", "Travellers"),
        roles=("Approver",),
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

INVITED = ("lumen", "nina@lumen.example")
"""Tenant and address of somebody who has still to choose a password."""

LOCAL_PEOPLE = (
    LocalPerson("EVA", "acme", "eva.extern@partner.example", "Eva Extern", "Velvet-Harbour-27-Mosaic", "an external of Acme"),
    LocalPerson("MIA", "lumen", "mia@lumen.example", "Mia Lindqvist", "Copper-Orchard-58-Violin", "works at Lumen"),
    LocalPerson("TOM", "lumen", "tom@lumen.example", "Tom Okafor", "Granite-Lantern-93-Willow", "works at Lumen"),
)

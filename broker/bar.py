"""The bar on top of a person's own pages: whose they are, and where else to go."""

from dataclasses import dataclass

from flask import url_for

from broker.session import SignedIn


@dataclass(frozen=True, slots=True)
class Bar:
    """`here` is `home`, `account` or empty."""

    name: str
    here: str
    home_url: str
    account_url: str
    sign_out_url: str


def bar_of(person: SignedIn, here: str) -> Bar:
    """The bar for a page of this person."""
    return Bar(
        name=person.row.name or person.row.email,
        here=here,
        home_url=url_for("home.home"),
        account_url=url_for("account.overview"),
        sign_out_url=url_for("home.sign_out"),
    )

"""What files say of who enters an application and how: the same for those that speak OpenID Connect and SAML."""

from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from tenants.manifest.values import Key, Line

Ways = Annotated[tuple[str, ...], Field(description="Keys of the ways in that it accepts, `local` among them; empty: all.")]
Groups = Annotated[
    tuple[Line, ...], Field(description="People of these groups may enter, and nobody who isn't named some other way.")
]
Organizations = Annotated[
    tuple[Key, ...], Field(description="People of these organizations and their parts may enter, and nobody who isn't named.")
]
AssignedOnly = Annotated[
    StrictBool,
    Field(
        description="Only people who are named may enter: by `groups`, by `open_to_organizations`, or one by one "
        "(`broker application assign`). It is so by itself where one of the two is given."
    ),
]
SecondFactor = Annotated[StrictBool, Field(description="People need a second factor to enter, by whatever way they come.")]
SignInAge = Annotated[
    Annotated[StrictInt, Field(ge=1, le=43200)] | None,
    Field(description="How long ago a sign-in may be when people enter; as long as a session, unless given."),
]
Home = Annotated[Key, Field(description="Key of the organization that it belongs to.")]
Enabled = Annotated[StrictBool, Field(description="Whether anybody can sign in to it.")]

"""The frame of the console, for samples of its pages."""

from typing import Any

from broker.console.frame import Frame
from broker.console.menu import Line, Part
from tests.support.samples import Sample

MENU = (
    Part("", (Line("Home", "/console/", "house", True),)),
    Part("People", (Line("Users", "/console/users", "people", False), Line("Admins", "/console/admins", "person-gear", False))),
    Part("Signing in", (Line("Connections", "/console/connections", "plug", False),)),
)
FRAME = Frame("Jane Doe", MENU, "/console/", "/sign-out", "/", "", None)


def console_page(template: str, title: str, frame: Frame = FRAME, **values: Any) -> Sample:
    """A page of the console with what its frame takes."""
    return Sample(f"console/{template}", {"frame": frame, "title": title, "errors": {}} | values)

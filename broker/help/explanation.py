"""What one message of a provider means, what to do, and who can."""

from dataclasses import dataclass
from enum import StrEnum

from flask_babel import LazyString


class Helper(StrEnum):
    """Who can mend it."""

    SELF = "self"
    DIRECTORY = "directory"
    """The IT department: whoever runs the directory at the provider."""
    ORGANIZATION = "organization"
    """The admins of the tenant, whose contacts stand on the page."""
    NOBODY = "nobody"
    """It passes."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`steps` first what the person can do now, then what to say to whoever helps."""

    heading: LazyString
    meaning: LazyString
    steps: tuple[LazyString, ...]
    helper: Helper

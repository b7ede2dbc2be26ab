"""What a service provider asked for, read and checked: an immutable value that waits in its row while people sign in."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Asked:
    """`request_id` None: nobody asked, the person goes there from the portal. `acs` is a registered address."""

    request_id: str | None
    acs: str
    relay_state: str = ""
    name_format: str | None = None
    """The URI of the NameIDPolicy; None: the application's own."""
    is_forced: bool = False
    is_passive: bool = False
    contexts: tuple[str, ...] = ()
    """Classes of authentication, the best loved first; empty: none is asked for."""
    comparison: str = "exact"
    subject: tuple[str, str] | None = None
    """Format and text of the NameID that the answer has to be about."""
    is_unproxied: bool = False
    """Whoever comes from another identity provider will not do (Core, 3.4.1.2)."""
    was_begun: bool = False
    """A sign-in was begun for it: what that sees to is not asked for again."""
    before: str = ""
    """The mark of the session that there was then: each sign-in gives another one."""

    def as_json(self) -> dict[str, Any]:
        """As the row holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read one back from its row."""
        subject = stored["subject"]
        return cls(**{**stored, "contexts": tuple(stored["contexts"]), "subject": tuple(subject) if subject else None})

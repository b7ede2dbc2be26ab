"""One thing that was proven on the way in, as sessions and attempts keep it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

_SELDOM: dict[str, Any] = {"is_dated": True, "was_asked": False, "session": None}
"""What of a proof stands in its row only where it is not this."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that was proven on the way in, by `method`.

    `pwd`, `otp` (the app) and `hwk` (a passkey, its owner verified) are values of RFC 8176; `rec` is a recovery code,
    `mail` a mailed code, `dev` a device trusted in place of a factor, `fed` what an identity provider said.
    """

    method: str
    at: datetime
    connection: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    is_dated: bool = True
    """False: the provider did not say when it asked; `at` is when its answer came."""
    was_asked: bool = False
    """The provider was told to ask now."""
    session: str | None = None
    """Taken over from this session, and good only while that one lives."""

    def as_json(self) -> dict[str, Any]:
        """How it stands in the row."""
        return {
            "method": self.method,
            "at": self.at.isoformat(),
            "connection": self.connection,
            "acr": self.acr,
            "amr": list(self.amr),
        } | {name: getattr(self, name) for name, usual in _SELDOM.items() if getattr(self, name) != usual}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Proof":
        """Read one back from a row."""
        return cls(
            method=value["method"],
            at=datetime.fromisoformat(value["at"]),
            connection=value.get("connection"),
            acr=value.get("acr"),
            amr=tuple(value.get("amr", ())),
            **{name: value[name] for name in _SELDOM if name in value},
        )

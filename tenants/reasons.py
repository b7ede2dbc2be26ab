"""How a pure decision says why: a permanent code and a sentence that an admin understands."""

from dataclasses import dataclass

from tenants.causes import Cause


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of a decision. For admins, the audit log and `broker explain`; never for the person signing in."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """May this happen? No cause means yes."""

    cause: Cause | None
    reasons: tuple[Reason, ...]

"""What the samples of pages are made from, wherever they stand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from broker.pages import RuleLine

EMAIL = "jane.doe@acme.example"
AT = datetime(2026, 11, 21, 9, 14, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """A template and its context; `tenant` False: a page of the platform. `form_target`: where its form may lead too."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    tenant: bool = True
    form_target: str = ""


ALLOWED = r"""^[A-Za-z0-9@#$%\^&*\-_+=[\]{}|:',.?/`~"();]+$"""
RULES = (
    RuleLine("length", "8 to 16 characters", None, "length", minimum=8, maximum=16),
    RuleLine(
        "classes",
        "Three of: small letters, capitals, digits, signs",
        None,
        "patterns",
        3,
        None,
        ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"),
    ),
    RuleLine("alphabet", "No space, no rare signs", None, "patterns", patterns=(ALLOWED,)),
    RuleLine("personal", "Not your name or e-mail address", None, "words", words=("jane", "doe", 'o"hara')),
    RuleLine("leaked", "Not known from a data leak"),
    RuleLine("same", "The same in both fields", None, "same"),
)

"""The keys of the simulated company login as they change over, step by step: announced, then in use, and back again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from broker.demo.saml.keys import KeyPair

Step = Literal["today", "announced", "in_use"]
STEPS: tuple[Step, ...] = ("today", "announced", "in_use")


@dataclass(slots=True)
class Rolling:
    """`step` is where the change stands; it begins anew with each start of the demo."""

    keys: Mapping[str, KeyPair]
    step: Step = "today"

    def go(self, step: str) -> None:
        """Anything that is no step changes nothing."""
        self.step = next((one for one in STEPS if one == step), self.step)

    @property
    def published(self) -> tuple[str, ...]:
        """What stands in the metadata. The old one is still there, as with a provider whose admin has forgotten it."""
        return ("today", "old") if self.step == "today" else ("today", "next", "old")

    @property
    def signing(self) -> str:
        return "next" if self.step == "in_use" else "today"

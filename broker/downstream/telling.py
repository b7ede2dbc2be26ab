"""What a channel says where an application could not be told that a session is over, and how long it may take to say it."""

from datetime import timedelta

DELIVERY = timedelta(seconds=5)
"""For all that one application is told of one session: who answers late must not hold up the others."""


class NotTold(Exception):
    """The words are for admins. `is_final`: trying again would not help. `goes_on`: it was told a part, and soon the rest."""

    def __init__(self, words: str, *, is_final: bool = False, goes_on: bool = False) -> None:
        super().__init__(words)
        self.is_final = is_final
        self.goes_on = goes_on

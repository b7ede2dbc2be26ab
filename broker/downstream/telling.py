"""What a channel says where an application could not be told that a session is over."""


class NotTold(Exception):
    """The words are for admins. `is_final`: trying again would not help."""

    def __init__(self, words: str, *, is_final: bool = False) -> None:
        super().__init__(words)
        self.is_final = is_final

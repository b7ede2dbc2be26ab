"""Name servers that say what a test wants."""

from collections.abc import Sequence


class FakeDns:
    """The Dns port from tables; a name that is not in `table` does not resolve. `asked` lists every look-up.

    `texts` holds TXT records by name. A name in `silent` gets no answer at all. `patience` is how long each may take.
    """

    def __init__(self, **addresses: Sequence[str]) -> None:
        self.table: dict[str, Sequence[str]] = {name.replace("_", "."): value for name, value in addresses.items()}
        self.texts: dict[str, list[str]] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self.patience: list[float | None] = []

    def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.table:
            raise OSError("no such name")
        return self.table[host]

    def txt(self, name: str, *, timeout: float | None = None) -> Sequence[str]:
        self.asked.append(name)
        self.patience.append(timeout)
        if name in self.silent:
            raise OSError("no name server answers")
        return self.texts.get(name, [])

"""Empty and migrated databases of both kinds, as an operator would prepare them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.postgres import APP, OWNER, Server


@dataclass(frozen=True)
class Store:
    """A database: `url` as the product uses it, `owner_url` as migrations do (the same on SQLite)."""

    backend: str
    url: str
    owner_url: str


@contextmanager
def sqlite_store(folder: Path, name: str) -> Iterator[Store]:
    url = f"sqlite:///{folder / name}.db"
    yield Store("sqlite", url, url)


@contextmanager
def postgresql_store(server: Server, name: str) -> Iterator[Store]:
    server.create_database(name)
    yield Store("postgresql", server.url(APP, name), server.url(OWNER, name))
    server.drop_database(name)

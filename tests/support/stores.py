"""Empty and migrated databases of both kinds, as an operator would prepare them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tenants.migrate import migrate
from tests.support.postgres import APP, OWNER, Server

TEMPLATE = "broker_template"

ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
ON_POSTGRESQL = pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
"""For long enumerations of what is decided before any store is asked, or what one of the two takes more strictly."""


@dataclass(frozen=True)
class Store:
    """A database: `url` as the product uses it, `owner_url` as migrations do (the same on SQLite)."""

    backend: str
    url: str
    owner_url: str


NewStore = Callable[..., AbstractContextManager[Store]]
Once = Callable[[str, Callable[[], Any]], Any]


@contextmanager
def sqlite_store(folder: Path, name: str, template: Path | None = None) -> Iterator[Store]:
    file = folder / f"{name}.db"
    if template:
        shutil.copyfile(template, file)
    url = f"sqlite:///{file}"
    yield Store("sqlite", url, url)


@contextmanager
def postgresql_store(server: Server, name: str, template: str | None = None) -> Iterator[Store]:
    server.create_database(name, template)
    yield Store("postgresql", server.url(APP, name), server.url(OWNER, name))
    server.drop_database(name)


def sqlite_template(folder: Path) -> Path:
    """A migrated file to copy. Whoever was last to close it has left nothing beside it."""
    file = folder / f"{TEMPLATE}.db"
    migrate(f"sqlite:///{file}")
    return file


def postgresql_template(server: Server) -> str:
    """The name of a migrated database to copy, to which nobody is connected."""
    server.create_database(TEMPLATE)
    migrate(server.url(OWNER, TEMPLATE))
    return TEMPLATE

"""Finding a tenant, and keeping its configuration: a bounded, versioned cache for each process.

A copy is checked against the tenant's `config_version` at most every two seconds; a live session brings the version
along for nothing (tenants/sessions.py), and then a newer one is loaded at once.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Row

from broker.ports import Clock
from broker.settings import Settings
from tenants.db import Database
from tenants.snapshot import TenantConfig, load_snapshot
from tenants.tenants import TENANT_BY_HOST, TENANT_BY_ID, TENANT_BY_SLUG

_CHECK_SECONDS = 2.0
_CAPACITY = 1500

T = TypeVar("T")


@dataclass(slots=True)
class _Entry:
    config: TenantConfig
    checked_at: float
    made: dict[str, Any] = field(default_factory=dict)
    """Objects made from this configuration and kept with it: parsed keys, documents as bytes."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Snapshots:
    """The tenants that this process has met lately. Thread-safe; loading happens outside the lock."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._names: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def find_by_slug(self, slug: str) -> TenantConfig | None:
        """The tenant whose path is `/t/<slug>`, or None."""
        return self._find(f"slug:{slug}", lambda: self._database.look_up(TENANT_BY_SLUG, slug=slug))

    def find_by_host(self, host: str) -> TenantConfig | None:
        """The tenant that is reached at this host name, or None."""
        return self._find(f"host:{host}", lambda: self._database.look_up(TENANT_BY_HOST, host=host))

    def at_hand(self, slug: str | None, host: str) -> TenantConfig | None:
        """The tenant of this slug, or without one of this host, where that needs no look at the database now."""
        name = f"slug:{slug}" if slug is not None else f"host:{host}"
        entry = self._entries.get(self._names.get(name, ""))
        return entry.config if entry is not None and self._is_fresh(entry, self._clock.now().timestamp()) else None

    def find_by_id(self, tenant_id: str) -> TenantConfig | None:
        """The tenant of this id, or None: for work that no request began."""
        return self._find(f"id:{tenant_id}", lambda: self._database.look_up(TENANT_BY_ID, tenant_id=tenant_id))

    def at_least(self, config: TenantConfig, version: int) -> TenantConfig:
        """This configuration, or a newly read one where the database already has a later version."""
        if config.version >= version:
            return config
        rows = self._database.look_up(TENANT_BY_ID, tenant_id=config.id)
        return self._load(rows[0]).config if rows else config

    def keep(self, config: TenantConfig, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made once for this version of the tenant's configuration."""
        entry = self._entries.get(config.id)
        if entry is None or entry.config is not config:
            return make()
        with entry.lock:
            if name not in entry.made:
                entry.made[name] = make()
            return entry.made[name]  # type: ignore[no-any-return]  # the name decides the type

    def kept(self, config: TenantConfig, name: str) -> Any:
        """What `keep` has kept for this version under this name; None: nothing yet."""
        entry = self._entries.get(config.id)
        return entry.made.get(name) if entry is not None and entry.config is config else None

    def base_url(self, slug: str, canonical_host: str | None) -> str:
        """A tenant's canonical address: its own host, or `/t/<slug>` on the main one."""
        if canonical_host is None:
            return f"{self._settings.base_url}/t/{slug}"
        scheme = "https" if self._settings.is_https else "http"
        return f"{scheme}://{canonical_host}{self._settings.port_suffix}"

    def _find(self, name: str, look_up: Callable[[], Any]) -> TenantConfig | None:
        now = self._clock.now().timestamp()
        entry = self._entries.get(self._names.get(name, ""))
        if entry is not None and self._is_fresh(entry, now):
            return entry.config
        rows = look_up()
        if not rows:
            self._names.pop(name, None)
            return None
        row = rows[0]
        with self._lock:
            self._names[name] = row.id
            self._trim()
        entry = self._entries.get(row.id)
        if entry is not None and (entry.config.version, entry.config.status) == (row.config_version, row.status):
            entry.checked_at = now
            with self._lock:
                # Those that nobody asks for go first, however long ago they came.
                if row.id in self._entries:
                    self._entries.move_to_end(row.id)
            return entry.config
        return self._load(row).config

    @staticmethod
    def _is_fresh(entry: _Entry, now: float) -> bool:
        return abs(now - entry.checked_at) < _CHECK_SECONDS

    def _load(self, row: Row[Any]) -> _Entry:
        config = load_snapshot(self._database, row, self.base_url(row.slug, row.canonical_host))
        entry = _Entry(config, self._clock.now().timestamp())
        with self._lock:
            self._entries[row.id] = entry
            self._entries.move_to_end(row.id)
            self._trim()
        return entry

    def _trim(self) -> None:
        while len(self._entries) > _CAPACITY:
            self._entries.popitem(last=False)
        while len(self._names) > 2 * _CAPACITY:
            self._names.popitem(last=False)

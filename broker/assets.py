"""The files that pages are made of, read once at start and kept as bytes.

The list is closed, so an asset's name never touches the file system. Bootstrap's sheet and ours are one file: between
two sheets a browser would style the page with Bootstrap alone for a moment and try to load its `data:` images, which
the content security policy refuses and reports.
"""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

STYLESHEET = "look.css"
_SCRIPTS = ("copy.js", "keep-codes.js", "passkey.js", "password-rules.js", "select-rows.js", "send-form.js")
OWN_FILES = {"favicon.svg": "image/svg+xml"} | dict.fromkeys(_SCRIPTS, "text/javascript")

BOOTSTRAP = "static/bootstrap5/css/bootstrap.min.css"
_SOURCE_MAP = re.compile(rb"/\*# sourceMappingURL=.*?\*/\s*")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    packed: bytes
    """The same, gzipped."""
    media_type: str
    version: str
    """Changes whenever the bytes do; part of the address, so that browsers may keep the file for good."""


def version_of(body: bytes) -> str:
    """A short name of these very bytes."""
    return sha256(body).hexdigest()[:16]


def load_assets(folder: Path) -> Mapping[str, Asset]:
    """Every asset by name: the combined style sheet, and our own files from the folder."""
    bootstrap = _SOURCE_MAP.sub(b"", files("flask_bootstrap").joinpath(BOOTSTRAP).read_bytes())
    sheet = bootstrap.rstrip() + b"\n" + (folder / "broker.css").read_bytes()
    assets = {STYLESHEET: _asset(sheet, "text/css")}
    for name, media_type in OWN_FILES.items():
        assets[name] = _asset((folder / name).read_bytes(), media_type)
    return assets


def _asset(body: bytes, media_type: str) -> Asset:
    return Asset(body, gzip.compress(body, mtime=0), media_type, version_of(body))

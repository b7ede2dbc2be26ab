"""What tests of `tenants/` may ask for besides."""

from pathlib import Path

import pytest

from tenants.db import Database
from tests.support.manifests import LOGO, Desk, new_slug


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    """A tenants file of this test's own, with `logo.svg` beside it."""
    (tmp_path / "logo.svg").write_bytes(LOGO)
    return Desk(db, tmp_path, new_slug())

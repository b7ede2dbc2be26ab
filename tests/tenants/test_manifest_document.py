"""docs/tenants-file.md says what the code does: its tables are the models', and its example applies."""

import re
from pathlib import Path

from tenants.db import Database
from tests.support.manifests import Desk, new_slug
from tools.tenants_file import PAGE, TABLES, with_tables

EXAMPLE = re.compile(r"<!-- example -->\n```toml\n(.*?)```", re.DOTALL)


def test_the_tables_of_the_page_are_those_of_the_models() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "run: .venv/bin/python -m tools.tenants_file"


def test_the_page_has_a_table_for_every_model() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in TABLES if f"<!-- fields of {name} -->" not in page] == []


def test_every_field_is_described() -> None:
    silent = [
        f"{name}.{field}"
        for name, model in TABLES.items()
        for field, info in model.model_fields.items()
        if not info.description
    ]
    assert silent == []


def test_the_example_of_the_page_applies(db: Database, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "acme.svg").write_bytes((tmp_path / "logo.svg").read_bytes())
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "partners").write_text("the partner's secret\n", encoding="utf-8")
    desk.environment = {"ACME_ENTRA_SECRET": "the directory's secret", "ACME_TRAVEL_SECRET": "x" * 43}
    [example] = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    slug = new_slug()
    text = example.replace("acme.example", f"{slug}.example").replace("tenants.acme", f"tenants.{slug}")
    told = desk.apply(text)
    assert len(told) == 13
    assert desk.apply(text) == []

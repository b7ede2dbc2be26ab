"""Writes docs/settings.md from the settings as they are declared; a test compares the two.

Run: .venv/bin/python -m tools.settings_page
"""

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from broker.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD = """# Settings

Generated from `broker/settings.py` by `tools/settings_page.py`; don't edit it here. All settings are environment
variables. A value that would be unsafe stops the start, with the reason.

| variable | default | what it does |
|---|---|---|
"""


def page() -> str:
    """The whole page as Markdown."""
    return HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    return f"| `BROKER_{name.upper()}` | {_default(field)} | {field.description} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, tuple):
        value = ",".join(value)
    if value in (None, ""):
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

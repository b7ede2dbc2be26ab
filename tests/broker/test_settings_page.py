"""The reference page of the settings is generated, so it can't go stale."""

from tools.settings_page import PAGE, page


def test_settings_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: .venv/bin/python -m tools.settings_page"

"""Where files of the installation are, in a checkout and in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def template_folder() -> Path:
    """`templates/`: beside the package in a checkout, inside it in a wheel."""
    packaged = _PACKAGE / "templates"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "templates"

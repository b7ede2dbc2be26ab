"""Make this source tree the product inside its own virtual environment: `.venv/bin/python tools/link.py`.

Writes what an editable install would (the tree on the import path, the `broker` command), without needing a build
backend on machines that only run the demo. The real package is built and tried in tests/test_wheel.py.
"""

import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LAUNCHER = """#!{python}
import sys

from broker.cli import main

if __name__ == "__main__":
    sys.exit(main())
"""


def link() -> None:
    Path(sysconfig.get_path("purelib"), "sso_broker.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = Path(sysconfig.get_path("scripts"), "broker")
    command.write_text(LAUNCHER.format(python=sys.executable), encoding="utf-8")
    command.chmod(0o755)


if __name__ == "__main__":
    link()

"""What the machine has to have besides our Python packages: `python3 tools/needs.py venv browser xmlsec1`.

What is missing is installed where that is ours to do (root on Debian); otherwise it is named in one line, before
anything else runs. Runs on whatever Python the machine has, so it uses the standard library only.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections import namedtuple

OLDEST_PYTHON = (3, 11)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

Need = namedtuple("Need", "is_met package sentence")


def find_chromium():
    """The path of the system's Chromium (or of the one that CHROMIUM names), or None."""
    candidates = (os.environ.get("CHROMIUM", ""), *CHROMIUM_NAMES)
    return next((path for path in map(shutil.which, candidates) if path), None)


def find_xmlsec1():
    """The path of the command that pysaml2 signs with in the tests (or of the one that XMLSEC1 names), or None."""
    return shutil.which(os.environ.get("XMLSEC1") or "xmlsec1")


def _has_venv():
    return importlib.util.find_spec("ensurepip") is not None


NEEDS = {
    "venv": Need(
        _has_venv,
        "python{}.{}-venv".format(*sys.version_info),
        "Python's venv module with ensurepip (on Debian the package {package})",
    ),
    "browser": Need(
        find_chromium,
        "chromium",
        "Chromium (the package {package}; or CHROMIUM=/path/to/chromium)",
    ),
    "xmlsec1": Need(
        find_xmlsec1,
        "xmlsec1",
        "the command xmlsec1 (the package {package}; or XMLSEC1=/path/to/xmlsec1)",
    ),
}


def _may_install():
    return os.name == "posix" and os.geteuid() == 0 and os.path.exists("/etc/debian_version")


def _install(packages):
    """Install Debian packages; what apt-get says is shown only where it fails."""
    print("Installing " + ", ".join(packages) + " …", flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *packages]):
        run = subprocess.run(["/usr/bin/apt-get", *command], env=environment, capture_output=True, text=True, check=False)
        if run.returncode:
            print(run.stderr.strip(), file=sys.stderr)


def main(names):
    if sys.version_info < OLDEST_PYTHON:
        return "Needed: Python {}.{} or newer (make PYTHON=/path/to/python3 …)".format(*OLDEST_PYTHON)
    missing = [NEEDS[name] for name in names if not NEEDS[name].is_met()]
    if missing and _may_install():
        _install([need.package for need in missing])
        missing = [need for need in missing if not need.is_met()]
    if missing:
        return "Needed: " + "; ".join(need.sentence.format(package=need.package) for need in missing)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The tenants file of a demo: the template beside this module with addresses filled in, and next to it logos."""

import shutil
from pathlib import Path
from string import Template

from broker.demo.kept import KeptSecrets
from broker.demo.people import MANY_GROUPS, WORKSPACE
from broker.demo.places import DIRECTORY, ENTRA_CLIENT, GOOGLE_CLIENT, Places

HERE = Path(__file__).parent


def write_tenants_file(places: Places, kept: KeptSecrets) -> None:
    """Write it anew, so that a changed template or port counts at the next start."""
    template = Template((HERE / "tenants.toml").read_text(encoding="utf-8"))
    text = template.substitute(
        entra=places.entra,
        travel=places.travel,
        desk=places.desk,
        payroll=places.payroll,
        shifts=places.shifts,
        shifts_certificate=kept.shifts_key.bare,
        kudos=places.kudos,
        one_of_many=MANY_GROUPS[0],
        directory=DIRECTORY,
        entra_client=ENTRA_CLIENT,
        google=places.google,
        google_client=GOOGLE_CLIENT,
        workspace=WORKSPACE,
        works=places.works,
    )
    places.tenants_file.write_text(text, encoding="utf-8")
    for logo in HERE.glob("logos/*"):
        shutil.copy(logo, places.data)

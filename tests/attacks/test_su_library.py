"""Nothing that python3-saml's own strict judgement refuses is let in by ours, which is made of other checks."""

import base64
import calendar

import pytest
from onelogin.saml2.response import OneLogin_Saml2_Response as LibraryResponse
from onelogin.saml2.settings import OneLogin_Saml2_Settings as LibrarySettings
from onelogin.saml2.utils import OneLogin_Saml2_Utils as LibraryUtils

from tenants.causes import UpstreamFailure
from tests.attacks.forged import VARIANTS
from tests.attacks.forged.mutation import Mutator
from tests.support.saml_edge import ACS, SamlEdge

# It tolerates no skew of the clocks there, and five minutes elsewhere.
OURS_IS_RIGHT = frozenset({"scd-just-ended"})


@pytest.fixture(autouse=True)
def library_clock(monkeypatch):
    """The library asks the system; here it is the time of the edges."""
    now = SamlEdge.opened().clock.now()
    monkeypatch.setattr(LibraryUtils, "now", staticmethod(lambda: calendar.timegm(now.utctimetuple())))


def library_takes(edge: SamlEdge, data: bytes) -> bool:
    settings = LibrarySettings(
        {
            "strict": True,
            "sp": {"entityId": edge.asked.issuer, "assertionConsumerService": {"url": ACS}},
            "idp": {
                "entityId": edge.idp.entity_id,
                "singleSignOnService": {"url": edge.idp.sso},
                "x509cert": edge.idp.keys[0].base64,
            },
            "security": {"rejectDeprecatedAlgorithm": True, "wantAttributeStatement": False},
        }
    )
    here = {"https": "on", "http_host": "login.example", "script_name": ACS.partition("login.example")[2]}
    response = LibraryResponse(settings, base64.b64encode(data).decode())
    return response.is_valid(here, edge.start.keep["request_id"])


def ours_takes(edge: SamlEdge, data: bytes) -> bool:
    try:
        edge.finish(data)
    except UpstreamFailure:
        return False
    return True


TAKEN = [variant for variant in VARIANTS if not variant.words and "encrypted" not in variant.name]


@pytest.mark.parametrize("variant", TAKEN, ids=str)
def test_what_we_take_the_library_takes(variant):
    edge = SamlEdge.opened()
    edge.idp.signs_parts(*variant.signs)
    made = variant.make(edge)
    data = made if isinstance(made, bytes) else base64.b64decode(made)
    assert ours_takes(edge, data)
    assert library_takes(edge, data) == (variant.name not in OURS_IS_RIGHT)


def test_what_we_take_of_mutants_the_library_takes():
    mutator = Mutator(7)
    taken = 0
    for edge, good, _ in mutator.bases:
        if b"EncryptedAssertion" in good:
            continue
        for _ in range(300):
            mutant = mutator.mutated(good)
            if ours_takes(edge, mutant):
                taken += 1
                assert library_takes(edge, mutant), mutant
    assert taken > 10

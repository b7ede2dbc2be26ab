"""Forged SAML responses at the kind: every shape of security.md, SU, and a few thousand that chance made."""

import base64
import os
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from tenants.causes import Cause, UpstreamFailure
from tests.attacks.forged import VARIANTS
from tests.attacks.forged.mutation import Mutator
from tests.attacks.forged.signatures import by_hand
from tests.peers.xml_signing import Recipe, saml_key
from tests.support.saml_edge import SamlEdge

MUTANTS = 3000


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_su_forged_response_is_refused_or_means_what_was_said(variant):
    edge = SamlEdge.opened()
    edge.idp.signs_parts(*variant.signs)
    made = variant.make(edge)
    sent = {"encoded": made} if isinstance(made, str) else {"response": made}
    if not variant.words:
        said = edge.finish(**sent)
        assert (said.subject, said.email) == (edge.idp.person.subject, edge.idp.person.email)
        return
    with pytest.raises(UpstreamFailure) as failure:
        edge.finish(**sent)
    assert failure.value.cause is Cause.UPSTREAM_RESPONSE_INVALID
    assert failure.value.detail in variant.words


def test_su_every_shape_is_another():
    names = Counter(map(str, VARIANTS))
    assert [name for name, count in names.items() if count > 1] == []
    attacks = {variant.attack for variant in VARIANTS}
    assert attacks == {f"su{number:02}" for number in (*range(1, 13), 14, 16, 18, 19, 21, 22, 26)}


def test_su_mutants_are_refused_or_mean_what_was_said():
    """`make fuzz` tries as many as wanted."""
    outcomes = list(Mutator(20261121).run(MUTANTS))
    assert [outcome.wrong for outcome in outcomes if outcome.wrong] == []
    words = Counter(outcome.word for outcome in outcomes)
    assert words[""] < MUTANTS / 5, "the mutator changes too little"
    assert len(words) > 15, "the mutator finds too few ways to be wrong"


class _Canary(BaseHTTPRequestHandler):
    hits: ClassVar[Counter[str]] = Counter()

    def do_GET(self):
        self.hits[self.path] += 1
        self.send_response(404)
        self.end_headers()

    def log_message(self, *arguments):
        """Nothing to be said."""


@pytest.mark.parametrize("where", ["uri", "second", "retrieval", "manifest"])
def test_su09_no_address_in_a_signature_is_asked(where, tmp_path):
    """A server that counts, and a pipe that nobody writes to: whoever reads that one waits for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    server = HTTPServer(("127.0.0.1", 0), _Canary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for address in (f"http://127.0.0.1:{server.server_port}/{where}", f"file://{pipe}"):
            reference = f'<ds:Reference URI="{address}"/>'
            recipes = {
                "uri": Recipe(uri=address),
                "second": Recipe(more_references=reference),
                "retrieval": Recipe(key_info=f'<ds:RetrievalMethod URI="{address}"/>'),
                "manifest": Recipe(more=f"<ds:Object><ds:Manifest>{reference}</ds:Manifest></ds:Object>"),
            }
            edge = SamlEdge.opened()
            with pytest.raises(UpstreamFailure, match=r"reference|signature_form"):
                edge.finish(by_hand(recipes[where])(edge))
    finally:
        server.shutdown()
        server.server_close()
    assert _Canary.hits[f"/{where}"] == 0


@pytest.mark.parametrize("wanted", ["response", "assertion"])
def test_su02_what_has_to_be_signed_is_what_the_connection_says(wanted):
    edge = SamlEdge.opened(signed=wanted)
    edge.idp.signs_parts("Assertion" if wanted == "response" else "Response")
    with pytest.raises(UpstreamFailure, match="unsigned"):
        edge.finish()
    edge.idp.signs_parts(wanted.capitalize())
    assert edge.again().finish().subject == edge.idp.person.subject


def test_su03_key_that_the_provider_no_longer_has_is_refused():
    edge = SamlEdge.opened()
    edge.idp.signs_with(saml_key(5))
    with pytest.raises(UpstreamFailure, match="signature"):
        edge.finish()


def test_su16_answer_to_another_request_of_the_same_browser_is_refused():
    edge = SamlEdge.opened()
    earlier = edge.response()
    with pytest.raises(UpstreamFailure, match="inresponseto"):
        edge.again().finish(earlier)


def test_su21_unsigned_response_is_not_decrypted_for_who_signs_the_envelope_wrongly():
    """Where the outer signature can tell who sent it, nobody else learns whether something opens."""
    edge = SamlEdge.opened()
    edge.idp.signs_parts("Response").encrypts()
    tampered = edge.response().replace(b"CipherValue>A", b"CipherValue>B").replace(b"Status>", b"Status>\n", 1)
    with pytest.raises(UpstreamFailure) as failure:
        edge.finish(tampered)
    assert failure.value.detail == "signature"


def test_su26_form_field_beyond_measure_is_refused_before_it_is_read():
    edge = SamlEdge.opened()
    with pytest.raises(UpstreamFailure, match="size"):
        edge.finish(encoded=base64.b64encode(b"x" * 140_000).decode())

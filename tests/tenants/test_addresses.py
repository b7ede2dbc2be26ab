"""One person, one spelling: what is typed, pasted or asserted as an e-mail address becomes one canonical form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.addresses import Address, AddressError, mask, normalise_address, normalise_domain

JANE = "jane@acme.example"


@pytest.mark.parametrize(
    ("typed", "text", "key"),
    [
        pytest.param("jane@acme.example", JANE, JANE, id="a plain address stays as it is"),
        pytest.param("Jane@ACME.Example", "Jane@acme.example", JANE, id="case: shown as typed, looked up in lower case"),
        pytest.param("jane@acme.example.", JANE, JANE, id="a trailing dot is dropped"),
        pytest.param("jane@acme.example\u3002", JANE, JANE, id="an ideographic full stop at the end is dropped"),
        pytest.param("jane@acme\u3002example", JANE, JANE, id="an ideographic full stop is a dot"),
        pytest.param(" \tjane@acme.example\r\n", JANE, JANE, id="blanks around are dropped"),
        pytest.param("jane\uff20acme.example", JANE, JANE, id="a full-width @ is an @"),
        pytest.param("jane\ufe6bacme.example", JANE, JANE, id="a small @ is an @"),
        pytest.param("ｊａｎｅ@acme.example", JANE, JANE, id="full-width letters are letters"),
        pytest.param("\u212aate@acme.example", "Kate@acme.example", "kate@acme.example", id="the Kelvin sign is a K"),
        pytest.param("jane@Bücher.example", "jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example", id="IDN: A-label"),
        pytest.param("jane@bu\u0308cher.example", "jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example", id="IDN: NFD"),
        pytest.param("jane@XN--BCHER-KVA.example", "jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example", id="IDN: done"),
        pytest.param("jane+news@acme.example", "jane+news@acme.example", "jane+news@acme.example", id="a plus tag is kept"),
        pytest.param("jane@sub.acme.example", "jane@sub.acme.example", "jane@sub.acme.example", id="a sub-domain is kept"),
        pytest.param("jane@acme.local", "jane@acme.local", "jane@acme.local", id="an internal domain is a domain"),
    ],
)
def test_rt06_spellings_of_an_address_have_one_canonical_form(typed: str, text: str, key: str) -> None:
    address = normalise_address(typed)
    assert (address.text, address.key) == (text, key)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("jane", id="no @"),
        pytest.param("jane@evil.example@acme.example", id="two @"),
        pytest.param("jane\uff20evil.example@acme.example", id="two @, one of them full-width"),
        pytest.param('"jane@evil.example"@acme.example', id="an @ in quotes"),
        pytest.param('"jane"@acme.example', id="a quoted local part"),
        pytest.param("@acme.example", id="no local part"),
        pytest.param("jane@", id="no domain"),
        pytest.param("jane@acme", id="a domain of one label"),
        pytest.param("jane@acme..example", id="an empty label"),
        pytest.param("jane@acme.example..", id="two trailing dots"),
        pytest.param("jane@.acme.example", id="a leading dot"),
        pytest.param("jane.@acme.example", id="a dot before the @"),
        pytest.param("jane doe@acme.example", id="a space inside"),
        pytest.param("Jane <jane@acme.example>", id="a display name"),
        pytest.param("jane@[192.0.2.1]", id="an address literal"),
        pytest.param("jane@192.0.2.1", id="an IP address"),
        pytest.param("jane@-acme.example", id="a hyphen in front"),
        pytest.param("jane@acme_x.example", id="an underscore in the domain"),
        pytest.param("jane@xn--zzzzzzzz.example", id="an A-label that decodes to nothing"),
        pytest.param("jane\x00@acme.example", id="NUL"),
        pytest.param("jane@acme.example\r\nBcc: x@evil.example", id="a header after a line break"),
        pytest.param("ja\u200bne@acme.example", id="a zero-width space"),
        pytest.param("jane@acme.example\u202e", id="a direction mark"),
        pytest.param("ja\u2028ne@acme.example", id="a line separator"),
        pytest.param("jane\ud800@acme.example", id="half a surrogate pair"),
        pytest.param("j" * 65 + "@acme.example", id="a local part over 64 characters"),
        pytest.param("j" * 60 + "@" + "a" * 63 + "." + "b" * 63 + "." + "c" * 63 + ".example", id="over 254 characters"),
        pytest.param("ü" * 60 + "@" + "a" * 63 + "." + "b" * 63 + ".example", id="over 254 octets"),
        pytest.param("jane@" + "a" * 64 + ".example", id="a label over 63 characters"),
        pytest.param("jane@" + "a." * 130 + "example", id="a domain over 253 characters"),
        pytest.param("j" * 10_000_000, id="ten megabytes"),
    ],
)
def test_rt06_what_is_no_address_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(AddressError) as caught:
        normalise_address(typed)
    assert str(caught.value).endswith(".")


def test_similar_local_parts_stay_different_mailboxes() -> None:
    assert normalise_address("strasse@acme.example").key != normalise_address("straße@acme.example").key
    assert normalise_address("jane@strasse.example").key != normalise_address("jane@straße.example").key


def test_a_masked_address_shows_neither_the_name_nor_its_length() -> None:
    assert mask(Address("jane.doe", "acme.example")) == "j•••@acme.example"
    assert mask(Address("jo", "acme.example")) == "j•••@acme.example"


@given(st.text() | st.builds("{}@{}.{}".format, st.text(min_size=1), st.text(min_size=1), st.text(min_size=2)))
def test_rt06_normalising_twice_changes_nothing_and_odd_text_only_ever_raises_address_error(text: str) -> None:
    try:
        address = normalise_address(text)
    except AddressError:
        return
    assert normalise_address(address.text) == address
    assert normalise_address(address.key).key == address.key


@given(st.emails())
def test_ordinary_addresses_are_looked_up_alike_in_any_case(text: str) -> None:
    try:
        address = normalise_address(text)
    except AddressError:
        return  # such as quoted or very long local parts, which the syntax allows
    assert normalise_address(text.upper()).key == normalise_address(address.text.upper()).key == address.key


@given(st.text(max_size=40))
def test_normalising_a_domain_twice_changes_nothing(text: str) -> None:
    try:
        domain = normalise_domain(text)
    except AddressError:
        return
    assert normalise_domain(domain) == domain
    assert domain.isascii()

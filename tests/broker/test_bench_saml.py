"""`python -m bench.saml` measures what it says: both sides take the same responses."""

from bench import saml


def test_every_sort_of_response_is_measured(capsys):
    assert saml.main(1) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["response", "start", "ms", "ACS", "ms", "library", "ms", "library", "÷", "ACS"]
    assert [line[:26].strip() for line in lines] == list(saml.SORTS)
    assert all(float(figure) > 0 for line in lines for figure in line[26:].split())

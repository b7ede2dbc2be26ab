"""Sentences for people that are made where no language is known."""

from typing import Any, Self


class Sentence(str):
    """A sentence in English that a page can say in another language: it knows the text that it was made from.

    It is a text like any other and goes wherever one goes; a page looks `template` up in its language (broker/wording.py).
    A sentence without values needs none of this: it is looked up as it is.
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Self:
        """`%(name)s` in the template stands for the value of that name."""
        made = super().__new__(cls, template % values)
        made.template, made.values = template, values
        return made

    def __str__(self) -> str:
        """Itself: `str(error)` of an error that says it keeps what it was made from."""
        return self

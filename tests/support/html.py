"""What a person can see and use on a page: texts, links and forms, read with the standard library."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_UNSEEN = {"script", "style", "svg", "template", "title"}
_BLOCKS = {
    "p",
    "div",
    "li",
    "tr",
    "dt",
    "dd",
    "label",
    "button",
    "h1",
    "h2",
    "h3",
    "section",
    "main",
    "header",
    "footer",
}
_NO_VALUE = {"submit", "button", "image", "reset"}


def squeeze(text: str) -> str:
    """One space between words, none around them."""
    return " ".join(text.split())


@dataclass
class Field:
    """One name of a form. `choices` is None where anything may be typed; `value` None sends nothing."""

    kind: str
    value: str | None
    choices: list[str] | None = None
    checked: list[str] = field(default_factory=list)
    """All that is checked, where several boxes have one name."""


@dataclass
class Button:
    """What sends a form: `action` where the button names an address of its own."""

    name: str | None
    value: str
    action: str | None
    label: str = ""


@dataclass
class Form:
    id: str | None
    action: str
    method: str
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)

    def __str__(self) -> str:
        names = ", ".join(f"{name} ({one.kind})" for name, one in self.fields.items())
        labels = ", ".join(repr(button.label or button.value) for button in self.buttons)
        return f"{self.method} {self.action or '(this page)'} with {names or 'no fields'}; buttons {labels or 'none'}"


@dataclass
class Link:
    href: str
    label: str = ""


class Page(HTMLParser):
    """A parsed page."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.links: list[Link] = []
        self.forms: list[Form] = []
        self.refresh: str | None = None
        self._words: list[str] = []
        self._open: list[str] = []
        self._form: Form | None = None
        self._labelled: list[Link | Button] = []
        self._select: Field | None = None
        self._option: str | None = None
        self._area: Field | None = None
        self._detached: dict[str, Form] = {}
        self.feed(markup)
        self.close()
        for form in self.forms:
            self._attach(form)
        for labelled in (*self.links, *(button for form in self.forms for button in form.buttons)):
            labelled.label = squeeze(labelled.label)

    @property
    def words(self) -> str:
        """All that can be read on the page."""
        return squeeze("".join(self._words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag in _BLOCKS:
            self._words.append(" ")
        if tag in _UNSEEN:
            self._open.append(tag)
        elif tag == "form":
            self._begin_form(attributes)
        elif tag == "a" and attributes.get("href") is not None:
            self.links.append(Link(attributes["href"] or ""))
            self._labelled.append(self.links[-1])
        elif tag == "meta" and (attributes.get("http-equiv") or "").lower() == "refresh":
            self.refresh = (attributes.get("content") or "").partition("url=")[2].strip("'\" ") or None
        elif tag == "option" and self._select:
            self._begin_option(attributes)
        elif tag in {"input", "button", "select", "textarea"}:
            self._place_control(tag, attributes)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._words.append(" ")
        if self._open and tag == self._open[-1]:
            self._open.pop()
        elif tag == "form":
            self._form = None
        elif tag in {"a", "button"} and self._labelled:
            self._labelled.pop()
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value = (self._area.value or "") + data
        if self._open:
            if self._open == ["title"]:
                self.title += data
            return
        for labelled in self._labelled:
            labelled.label += data
        self._words.append(data)

    def _begin_form(self, attributes: dict[str, str | None]) -> None:
        method = (attributes.get("method") or "get").upper()
        self._form = Form(attributes.get("id"), attributes.get("action") or "", method)
        self.forms.append(self._form)

    def _begin_option(self, attributes: dict[str, str | None]) -> None:
        value = attributes.get("value") or ""
        self._select.choices.append(value)
        if "selected" in attributes or self._select.value is None:
            self._select.value = value

    def _place_control(self, tag: str, attributes: dict[str, str | None]) -> None:
        form_id = attributes.get("form")
        if form_id:  # its form may stand further down
            self._control(tag, attributes, self._detached.setdefault(form_id, Form(form_id, "", "")))
        elif self._form:
            self._control(tag, attributes, self._form)

    def _attach(self, form: Form) -> None:
        """Give a form what stands outside of it and names it."""
        outside = self._detached.get(form.id or "")
        if outside:
            form.fields.update(outside.fields)
            form.buttons.extend(outside.buttons)

    def _control(self, tag: str, attributes: dict[str, str | None], form: Form) -> None:
        name, value = attributes.get("name"), attributes.get("value") or ""
        kind = attributes.get("type") or {"button": "submit", "input": "text"}.get(tag, tag)
        if "disabled" in attributes or kind in {"button", "reset"}:
            return
        if kind in _NO_VALUE:
            button = Button(name, value, attributes.get("formaction"), value if tag == "input" else "")
            form.buttons.append(button)
            if tag == "button":
                self._labelled.append(button)
        elif name and kind in {"checkbox", "radio"}:
            self._choice(name, kind, value or "on", "checked" in attributes, form)
        elif name:
            form.fields[name] = Field(kind, None if tag == "select" else value, [] if tag == "select" else None)
            self._select = form.fields[name] if tag == "select" else self._select
            self._area = form.fields[name] if tag == "textarea" else self._area

    @staticmethod
    def _choice(name: str, kind: str, value: str, is_checked: bool, form: Form) -> None:
        one = form.fields.setdefault(name, Field(kind, None, []))
        one.choices.append(value)
        if is_checked:
            one.value = value
            one.checked.append(value)

"""Every page is whole, labelled, free of inline script and style, and says first when something went wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser

import pytest
from flask import Flask, g, render_template

from tests.support.pages import SAMPLES, Host, Sample, page_app

VOID = frozenset({"br", "img", "input", "link", "meta", "path", "rect", "circle", "wbr"})


@dataclass
class Tag:
    """One element as it was written."""

    name: str
    attrs: dict[str, str | None]
    path: tuple[str, ...]
    text: str = ""
    children: list["Tag"] = field(default_factory=list)


class Page(HTMLParser):
    """A page as a list of its elements; raises where tags do not match."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self._open: list[Tag] = []
        self.feed(markup)
        self.close()
        assert not self._open, f"never closed: {[tag.name for tag in self._open]}"

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [key for key, _ in attrs]
        assert len(names) == len(set(names)), f"<{name}> has an attribute twice: {names}"
        tag = Tag(name, dict(attrs), tuple(above.name for above in self._open))
        self.tags.append(tag)
        for above in self._open:
            above.children.append(tag)
        if name not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(name, attrs)
        if name not in VOID:
            self.handle_endtag(name)

    def handle_endtag(self, name: str) -> None:
        if name in VOID:
            return
        assert self._open, f"</{name}> closes nothing"
        assert self._open[-1].name == name, f"</{name}> closes <{self._open[-1].name}>"
        self._open.pop()

    def handle_data(self, text: str) -> None:
        for above in self._open:
            above.text += text

    def all(self, *names: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.name in names]

    def one(self, name: str) -> Tag:
        (tag,) = self.all(name)
        return tag


@pytest.fixture(scope="module")
def app() -> Flask:
    return page_app()


def render(app: Flask, sample: Sample) -> str:
    with app.test_request_context(environ_overrides={"SCRIPT_NAME": "/t/acme"} if sample.tenant else {}):
        g.tenant = Host() if sample.tenant else None
        return render_template(sample.template, **sample.context)


@cache
def markup_of(app: Flask, name: str) -> str:
    """Drawn once for all that is asked of it."""
    return render(app, SAMPLES[name])


@cache
def parsed(app: Flask, name: str) -> Page:
    return Page(markup_of(app, name))


def every_page(check: Callable[[Flask, str], None]) -> Callable[[Flask], None]:
    """A test of all pages: thousands of tests of a millisecond each take longer to hand out than to run."""

    def walk(app: Flask) -> None:
        for name in SAMPLES:
            try:
                check(app, name)
            except Exception as fault:
                fault.add_note(f"on the page {name!r}")
                raise

    walk.__name__, walk.__doc__ = check.__name__, check.__doc__
    return walk


@every_page
def test_page_is_one_whole_document(app: Flask, name: str) -> None:
    page = parsed(app, name)
    assert page.one("html").attrs["lang"] == "en"
    assert page.one("h1").text.strip()
    assert page.one("title").text.strip()
    page.one("main")
    ids = [tag.attrs["id"] for tag in page.tags if "id" in tag.attrs]
    assert len(ids) == len(set(ids))
    assert not [tag for tag in page.tags if tag.name == "p" and "p" in tag.path]


@every_page
def test_no_inline_script_or_style(app: Flask, name: str) -> None:
    page = parsed(app, name)
    assert not page.all("style", "iframe", "object", "base")
    assert not [tag for tag in page.tags for key in tag.attrs if key == "style" or key.startswith("on")]
    assert all(
        tag.attrs.get("src", "").startswith(("/static/", "/t/acme/static/")) and not tag.text for tag in page.all("script")
    )
    assert "javascript:" not in markup_of(app, name)

    if any("data-copy" in tag.attrs for tag in page.tags):
        assert any("/copy." in str(tag.attrs.get("src")) for tag in page.all("script")), "its buttons would stay hidden"


@every_page
def test_every_field_has_a_label_and_every_reference_a_target(app: Flask, name: str) -> None:
    page = parsed(app, name)
    ids = {tag.attrs["id"] for tag in page.tags if "id" in tag.attrs}
    labelled = {tag.attrs["for"] for tag in page.all("label")}
    fields = [
        tag
        for tag in page.all("input", "select", "textarea")
        if tag.attrs.get("type") != "hidden" and tag.attrs.get("aria-hidden") != "true" and "aria-label" not in tag.attrs
    ]
    assert labelled == {tag.attrs["id"] for tag in fields}
    referring = ("aria-describedby", "aria-labelledby", "data-copy", "data-first", "data-second")
    targets = {target for tag in page.tags for key in referring for target in (tag.attrs.get(key) or "").split()}
    assert targets <= ids
    typed = [tag for tag in fields if tag.name != "select" and tag.attrs.get("type") not in {"checkbox", "radio", "file"}]
    assert all("autocomplete" in tag.attrs for tag in typed)


@every_page
def test_every_form_posts_with_a_token(app: Flask, name: str) -> None:
    for form in parsed(app, name).all("form"):
        if form.attrs.get("method", "get") == "get":
            # What is looked for or filtered by stands in the address, where no token may be.
            assert not [tag for tag in form.children if tag.attrs.get("name") == "csrf_token"]
            continue
        tokens = [tag for tag in form.children if tag.attrs.get("name") == "csrf_token"]
        if form.attrs.get("action", "").startswith("https://"):
            assert tokens == [], "another site would learn it"
            continue
        (token,) = tokens
        assert token.attrs["type"] == "hidden"
        assert token.attrs["value"]
        # What a device makes is sent by the script that asked it, when its button was pressed.
        buttons = [tag for tag in form.children if tag.name == "button"]
        assert [tag for tag in buttons if tag.attrs.get("type", "submit") == "submit" or "data-passkey-start" in tag.attrs]


@every_page
def test_links_lead_somewhere(app: Flask, name: str) -> None:
    page = parsed(app, name)
    ids = {tag.attrs["id"] for tag in page.tags if "id" in tag.attrs}
    for link in page.all("a"):
        address = link.attrs["href"] or ""
        assert address
        assert not address.startswith("#") or address[1:] in ids
    for link in page.all("link", "img", "script"):
        address = link.attrs.get("href") or link.attrs.get("src") or ""
        assert address.startswith("/t/acme/" if SAMPLES[name].tenant else "/static/")
        assert "?v=" in address


@every_page
def test_one_filled_button_at_most_and_one_focus_at_most(app: Flask, name: str) -> None:
    page = parsed(app, name)
    filled = [
        tag for tag in page.tags if "btn-primary" in (tag.attrs.get("class") or "").split() and tag.attrs.get("href") != "#main"
    ]
    assert len(filled) <= 1
    assert len([tag for tag in page.tags if "autofocus" in tag.attrs]) <= 1


@every_page
def test_an_error_stands_at_its_field_and_in_the_title(app: Flask, name: str) -> None:
    page = parsed(app, name)
    errors = SAMPLES[name].context.get("errors", {})
    assert page.one("title").text.startswith("Error: ") == bool(errors)
    faulty = [tag for tag in page.tags if tag.attrs.get("aria-invalid") == "true"]
    assert [tag.attrs["name"] for tag in faulty] == list(errors)
    for tag in faulty:
        said = next(other for other in page.tags if other.attrs.get("id") == f"{tag.attrs['name']}-error")
        assert said.text.strip() == errors[tag.attrs["name"] or ""]
        assert said.attrs["id"] in (tag.attrs["aria-describedby"] or "").split()
    focused = [tag.attrs["name"] for tag in page.tags if "autofocus" in tag.attrs]
    assert focused == list(errors)[:1] or not errors


@every_page
def test_a_password_never_comes_back(app: Flask, name: str) -> None:
    assert all("value" not in tag.attrs for tag in parsed(app, name).all("input") if tag.attrs.get("type") == "password")


def test_what_a_person_typed_is_shown_as_text(app: Flask) -> None:
    nasty = '"><script>alert(1)</script>'
    sample = SAMPLES["sign-in-address-not-right"]
    markup = render(app, Sample(sample.template, sample.context | {"email": nasty, "application_name": nasty}))
    assert "<script>alert" not in markup
    assert Page(markup).tags


def test_a_value_that_the_view_forgot_is_noticed(app: Flask) -> None:
    context = {key: value for key, value in SAMPLES["sign-in"].context.items() if key != "application_name"}
    with pytest.raises(Exception, match="application_name"):
        render(app, Sample("signin/sign_in.html", context))


def test_contacts_stand_at_the_foot_and_on_errors(app: Flask) -> None:
    assert "mailto:help@studio.acme.example" in render(app, SAMPLES["sign-in"])
    error = render(app, SAMPLES["error"])
    assert error.count("mailto:it@acme.example") == 1
    assert "tel:+3225550100" in error
    assert "K7QF-29XM" in error


def test_pages_of_the_platform_name_no_tenant(app: Flask) -> None:
    for name, sample in SAMPLES.items():
        assert ("Acme Group" in render(app, sample)) == sample.tenant, name


def test_ways_are_buttons_of_the_same_form(app: Flask) -> None:
    page = parsed(app, "choose")
    buttons = [tag for tag in page.one("form").children if tag.attrs.get("name") == "connection"]
    assert [tag.attrs["value"] for tag in buttons] == ["microsoft", "google", "saml", "local"]


def test_the_picture_to_scan_is_a_picture(app: Flask) -> None:
    (qr,) = [tag for tag in parsed(app, "enrol").tags if tag.attrs.get("class") == "qr"]
    assert [tag.name for tag in qr.children] == ["svg", "path"]
    assert not qr.text.strip()

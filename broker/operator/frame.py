"""The frame of every page: side bar and head, as the tenants' console has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import make_response, redirect, render_template, request, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from werkzeug.wrappers import Response

from broker.operator.access import Me

NOTICES: dict[str, LazyString] = {
    "suspended": lazy("Suspended. Nobody can sign in there until you resume it."),
    "resumed": lazy("Resumed. Everything is as it was."),
    "deleted": lazy("Deleted. Nobody can reach it any more; you can take it back until its time is over."),
    "taken_back": lazy("Taken back. It is suspended until you resume it."),
    "switched_off": lazy("Switched off. Their sessions have ended."),
    "switched_on": lazy("Switched on."),
    "set_up": lazy("You are set up and signed in."),
}
"""What a page says about what was just done."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the side bar."""

    label: str
    url: str
    icon: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A group of them."""

    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What `console/frame.html` takes."""

    name: str
    menu: Sequence[Part]
    home_url: str
    sign_out_url: str
    portal_url: str | None
    done: str
    door_until: datetime | None = None
    visit_until: datetime | None = None


_MENU = (
    ("tenants", lazy("Tenants"), "operator.tenants", "building"),
    ("health", lazy("Health"), "operator.health", "shield-check"),
    ("operators", lazy("Operators"), "operator.operators", "person-gear"),
    ("events", lazy("Log"), "operator.events", "journal-text"),
)


def show(template: str, me: Me, *, here: str, title: str, status: int = 200, **values: object) -> Response:
    """A page in the frame. `here`: key of its line in the side bar."""
    lines = tuple(Line(str(label), url_for(endpoint), icon, key == here) for key, label, endpoint, icon in _MENU)
    done = str(NOTICES.get(request.args.get("done", ""), "")) if request.method == "GET" else ""
    home, sign_out = url_for("operator.tenants"), url_for("operator.sign_out")
    frame = Frame(me.name, (Part("", lines),), home, sign_out, None, done)
    return make_response(render_template(template, frame=frame, title=title, **({"errors": {}} | values)), status)


def confirm_page(
    me: Me,
    *,
    here: str,
    title: str,
    sentences: Sequence[str],
    label: str,
    back: tuple[str, str],
    typed: str | None = None,
    is_danger: bool = True,
    error: str = "",
) -> Response:
    """Asking before something that is hard to undo (console/confirm.html)."""
    return show(
        "console/confirm.html",
        me,
        here=here,
        title=title,
        status=400 if error else 200,
        sentences=sentences,
        label=label,
        cancel_url=back[0],
        back=back,
        typed=typed,
        is_danger=is_danger,
        errors={"typed": error} if error else {},
    )


def go(endpoint: str, done: str = "", **parts: str) -> Response:
    """After a change: to a page, which says what was done."""
    return redirect(url_for(endpoint, done=done or None, **parts), 303)  # type: ignore[arg-type]  # texts, all of them


def not_typed() -> str:
    """Where somebody did not type what was asked for."""
    return str(_("Type the name that stands above."))

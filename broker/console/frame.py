"""The frame of every page of the console: side bar, whose it is, and what is to be said on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from broker.console.access import Admin
from broker.console.menu import Part, menu_of
from broker.console.notices import NOTICES


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page."""

    name: str
    """Of the admin."""
    menu: Sequence[Part]
    home_url: str
    sign_out_url: str
    portal_url: str | None
    """The person's own applications; None by emergency access, which opens none."""
    done: str
    """What was just done, in a sentence; empty: nothing to say."""
    door_until: datetime | None
    """When emergency access ends, where that is how the admin came in."""
    visit_until: datetime | None = None
    """When the consent ends, where an operator looks in."""


def show(template: str, admin: Admin, *, here: str, title: str, status: int = 200, **values: object) -> Response:
    """A page on `console/frame.html`. `here`: key of its entry in the side bar.

    `errors` (field -> sentence) marks fields and puts "Error: " before the title; without it there is none.
    """
    context = {"errors": {}} | values
    page = render_template(template, frame=frame_of(admin, here), title=title, **context)
    return make_response(page, status)


def frame_of(admin: Admin, here: str) -> Frame:
    """Reads nothing from the database."""
    visit = admin.visit
    return Frame(
        name=admin.name,
        menu=tuple(menu_of(admin, here)),
        home_url=url_for("console.home"),
        sign_out_url=url_for("support.leave" if visit else "home.sign_out"),
        portal_url=None if admin.is_by_door or visit else url_for("home.home"),
        done=str(NOTICES.get(request.args.get("done", ""), "")) if request.method == "GET" else "",
        door_until=admin.person.row.expires_at if admin.person and admin.is_by_door else None,
        visit_until=visit.until if visit else None,
    )


def go(endpoint: str, done: str = "", **parts: str) -> Response:
    """After a change: to a page, which says what was done (a key of NOTICES)."""
    values: dict[str, Any] = {"done": done or None, **parts}
    return redirect(url_for(endpoint, **values), 303)

"""What the tenant's pages and mails look like: its name, one colour, a logo."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any

from flask import g, request, url_for
from flask_babel import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.brand import brand_tokens, is_colour
from broker.console.access import Admin, require
from broker.console.changes import StaleError, Work, fingerprint
from broker.console.forms import Choice, Errors, FormField, errors_of, fields_of, marked, read, text_of
from broker.console.frame import go, show
from broker.console.settings_access import managed_by_file, require_not_by_file
from broker.wiring import the_broker
from tenants.console_roles import Permission
from tenants.languages import LANGUAGES, NAMES, default_of, offer
from tenants.logos import PNG_TYPE
from tenants.manifest.values import Line
from tenants.pictures import redrawn
from tenants.tenants import Tenant, TenantSettings

PATH = "branding"
LOGO_SIZE = (640, 144)
"""Four times what pages show, for sharp screens."""


def _colour(text: str) -> str:
    if text and not is_colour(text):
        raise ValueError("A colour is written #rrggbb, such as #0d6b64.")
    return text.lower()


class BrandingForm(BaseModel):
    """What is typed; the logo is a file beside it."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field(title="Name", description="Stands on every page and in every mail.")
    colour: Annotated[str, StringConstraints(strip_whitespace=True, max_length=7), AfterValidator(_colour)] = Field(
        default="",
        title="Colour",
        description="Of buttons, links and focus. It is made darker or lighter just as far as it has to be to stay readable; "
        "the logo keeps its own colours.",
        examples=["#0d6b64"],
    )


@dataclass(frozen=True, slots=True)
class _Languages:
    """What was ticked, and the default among it."""

    offered: tuple[str, ...]
    default: str

    @property
    def columns(self) -> dict[str, Any]:
        """What says no more than the product does by itself is not kept: a language that comes later is offered then."""
        return {
            "languages": list(self.offered) if self.offered != LANGUAGES else None,
            "language": self.default if self.default != default_of(self.offered) else None,
        }


@dataclass(frozen=True, slots=True)
class Swatch:
    """What becomes of the colour in one theme."""

    label: str
    token: str


def branding_page() -> Response:
    """GET: what it looks like."""
    admin = require(Permission.VIEW_SETTINGS)
    if _may_change(admin):
        require(Permission.CONFIGURE, fresh=True)
    return _form(admin, _stored())


def save_branding() -> Response:
    """POST: all of it. A logo is drawn anew; without a file the present one stays."""
    admin = require(Permission.CONFIGURE, fresh=True)
    require_not_by_file(admin)
    typed = read(request.form, fields_of(BrandingForm, BrandingForm.model_fields, {}, {}))
    typed |= {"languages": tuple(request.form.getlist("languages")), "language": request.form.get("language", "")}
    spoken = _Languages(tuple(one for one in LANGUAGES if one in typed["languages"]), typed["language"])
    if wrong := _wrong_with(spoken):
        return _form(admin, typed, wrong, 422)
    try:
        plain = {name: typed[name] for name in BrandingForm.model_fields if name in typed}
        form, logo = BrandingForm.model_validate(plain), _logo()
    except ValidationError as error:
        return _form(admin, typed, errors_of(error), 422)
    except ValueError as error:
        return _form(admin, typed, {"logo": str(error)}, 422)
    try:
        with _both(admin) as (platform, session):
            is_changed = _write(Work(session, admin, the_broker().ports.clock.now()), platform, form, spoken, logo)
    except StaleError as stale:
        return _form(admin, typed, {"": stale.sentence}, 409)
    return go("console.branding", "saved" if is_changed else "nothing")


def _wrong_with(spoken: _Languages) -> Errors:
    if not spoken.offered:
        return {"languages": str(_("Offer one language at least."))}
    return {} if spoken.default in spoken.offered else {"language": str(_("Choose one that is offered."))}


def _both(admin: Admin) -> AbstractContextManager[tuple[Any, Any]]:
    """The name stands in a table of the platform."""
    broker = the_broker()
    return broker.db.operating(g.tenant.id, f"branding changed by {admin.id}", broker.ports.clock.now())


def _write(work: Work, platform: Any, form: BrandingForm, spoken: _Languages, logo: bytes | None) -> bool:
    tenant = platform.scalars(select(Tenant).where(Tenant.id == g.tenant.id).with_for_update()).one()
    row = work.db.scalars(select(TenantSettings).with_for_update()).one()
    known = offer(row.languages, row.language)
    before = {"name": tenant.name, "colour": row.colour or "", "languages": known.offered, "language": known.default}
    work.require_unchanged(request.form.get("seen", ""), before, PATH)
    after = {"name": form.name, "colour": form.colour, "languages": spoken.offered, "language": spoken.default}
    tenant.name, row.colour = form.name, form.colour or None
    for name, value in spoken.columns.items():
        setattr(row, name, value)
    drops = bool(request.form.get("drop_logo")) and row.logo is not None
    if logo is not None or drops:
        row.logo, row.logo_type, row.mail_logo = logo, PNG_TYPE if logo else None, None
    platform.flush()
    what = "logo changed" if logo else "logo removed" if drops else ""
    return work.note(PATH, before, after, what=what)


def _logo() -> bytes | None:
    """What was uploaded, as a PNG of ours. Raises ValueError with a sentence."""
    upload = request.files.get("logo")
    body = upload.read() if upload is not None else b""
    return redrawn(body, *LOGO_SIZE) if body else None


def _stored() -> dict[str, object]:
    branding = g.tenant.branding
    spoken = {"languages": branding.languages.offered, "language": branding.languages.default}
    return {"name": g.tenant.name, "colour": branding.colour or "", **spoken}


def _language_fields(values: dict[str, Any]) -> list[FormField]:
    """None where the product speaks one language."""
    choices = tuple(Choice(one, name) for one, name in NAMES.items())
    offered = FormField(
        "languages", _("Languages"), "choices", text_of(values.get("languages", ())), choices=choices,
        help=_("In which pages and mails are offered. People choose among them, and their browser’s is tried first."),
    )  # fmt: skip
    default = FormField(
        "language", _("Usual language"), "choice", str(values.get("language", "")), choices=choices, is_required=True,
        help=_("For whom none of the others can be found out."),
    )  # fmt: skip
    return [offered, default] if len(choices) > 1 else []


def _form(admin: Admin, values: dict[str, Any], errors: Errors | None = None, status: int = 200) -> Response:
    errors = errors or {}
    fields = [*fields_of(BrandingForm, BrandingForm.model_fields, values, errors), *_language_fields(values)]
    colour = g.tenant.branding.colour
    return show(
        "console/branding.html",
        admin,
        here="branding",
        title=_("Branding"),
        status=status,
        errors=errors,
        fields=marked(fields, errors, "name"),
        logo_error=errors.get("logo", ""),
        has_logo=g.tenant.branding.logo is not None,
        tokens=brand_tokens(colour) if colour else {},
        seen=request.form.get("seen") or fingerprint(_stored()),
        may_change=_may_change(admin),
        is_file_managed=managed_by_file(),
        mails_url=url_for("console.mail_words"),
        contacts_url=url_for("console.contacts"),
    )


def _may_change(admin: Admin) -> bool:
    return admin.may(Permission.CONFIGURE) and not managed_by_file()

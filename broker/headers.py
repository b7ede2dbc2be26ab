"""Headers of every answer, and the content security policy of its page."""

from urllib.parse import urlsplit

from flask import Flask, Response, g, request

_FIXED = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_POLICY = "Content-Security-Policy"
_HSTS = ("Strict-Transport-Security", "max-age=31536000")
_FRESH = "Cache-Control"
_VARY = "Vary"


def init_headers(app: Flask) -> None:
    """Complete every answer with what must stand in all of them."""
    app.after_request(complete)


def complete(response: Response) -> Response:
    """Set what is missing; a view may have been stricter (a logo) or more open (a document for applications)."""
    headers = response.headers
    there = {name.lower() for name, _value in headers}
    wanted = _FIXED if request.environ["wsgi.url_scheme"] != "https" else (*_FIXED, _HSTS)
    headers.extend([header for header in wanted if header[0].lower() not in there])
    if _POLICY.lower() not in there:
        headers.add(_POLICY, page_policy())
    if _FRESH.lower() not in there:
        headers.add(_FRESH, "no-store")
        _vary_with_cookie(response, has_some=_VARY.lower() in there)
    return response


def _vary_with_cookie(response: Response, *, has_some: bool) -> None:
    if has_some:
        response.vary.add("Cookie")
    else:
        response.headers.add(_VARY, "Cookie")


def page_policy() -> str:
    """The page's own policy. Forms may lead to us, and to the application that the sign-in returns to (CSP 3, 6.4.1)."""
    further = g.get("form_targets", ())
    targets = " ".join(["'self'", *sorted({origin_of(url) for url in further})]) if further else "'self'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )


def origin_of(url: str) -> str:
    """Scheme, host and port of an address as a policy names them; a private-use scheme, or one alone, by its colon."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc and parts.scheme in {"http", "https"} else f"{parts.scheme}:"

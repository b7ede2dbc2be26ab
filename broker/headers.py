"""Headers of every answer, and the content security policy of its page."""

from urllib.parse import urlsplit

from flask import Flask, Response, g, request

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HSTS = "max-age=31536000"


def init_headers(app: Flask) -> None:
    """Complete every answer with what must stand in all of them."""
    app.after_request(complete)


def complete(response: Response) -> Response:
    """Set what is missing; a view may have been stricter (a logo) or more open (a document for applications)."""
    for name, value in _FIXED.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", page_policy())
    if request.environ["wsgi.url_scheme"] == "https":
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Cookie")
    return response


def page_policy() -> str:
    """The page's own policy. Forms may lead to us, and to the application that the sign-in returns to (CSP 3, 6.4.1)."""
    targets = " ".join(["'self'", *sorted({origin_of(url) for url in g.get("form_targets", ())})])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )


def origin_of(url: str) -> str:
    """Scheme, host and port of an address as a policy names them; a private-use scheme, or one alone, by its colon."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc and parts.scheme in {"http", "https"} else f"{parts.scheme}:"

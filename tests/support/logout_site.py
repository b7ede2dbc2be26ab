"""An application's server that is told of logouts: keeps what it got, and answers as it is told to."""

from flask import Flask, Response, request

ORIGIN_OF = "https://app-server.{}"


class LogoutSite:
    """`status`: what it answers with."""

    def __init__(self) -> None:
        self.status = 200
        self.forms: list[dict[str, str]] = []
        self.app = Flask("site")
        self.app.add_url_rule("/told", view_func=self._told, methods=["POST"])

    @property
    def tokens(self) -> list[str]:
        return [form["logout_token"] for form in self.forms]

    def _told(self) -> Response:
        self.forms.append(request.form.to_dict())
        return Response(status=self.status)

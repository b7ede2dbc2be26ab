"""Answers of the back channel: JSON that nobody keeps."""

import json
from typing import Any

from flask import Response


def json_answer(body: dict[str, Any], status: int = 200) -> Response:
    """RFC 6749, 5.1."""
    response = Response(json.dumps(body), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response

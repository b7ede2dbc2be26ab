"""A server on a real socket, as a WSGI app: what lets `tests.browser` visit a running program."""

import requests
from werkzeug.wrappers import Request, Response

# They belong to one connection (RFC 9110, 7.6.1), or describe bytes that have been unpacked here.
_OF_THE_CONNECTION = {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}


@Request.application
def remote(request: Request) -> Response:
    """Hand the request on to the origin that it names; redirects stay the browser's."""
    # Letter by letter: some of it is signed as it stands.
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    answer = requests.request(
        request.method,
        request.base_url + query,
        headers={name: value for name, value in request.headers.items() if value},
        data=request.get_data(),
        allow_redirects=False,
        timeout=30,
    )
    headers = [(name, value) for name, value in answer.raw.headers.items() if name.lower() not in _OF_THE_CONNECTION]
    return Response(answer.content, answer.status_code, headers)

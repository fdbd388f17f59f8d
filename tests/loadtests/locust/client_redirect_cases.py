"""Cases: cookies and redirects."""

from __future__ import annotations

from typing import Any

from tests.loadtests.locust.client_cases import SERVERS, case, echo, list_headers


def read_cookies(user: Any, **options: Any) -> Any:
    return list_headers(echo(user, **options), "cookie")[0]


@case("cookies are stored, deleted and cleared")
def _(user: Any) -> Any:
    user.client.get("/login")
    after_login = read_cookies(user)
    user.client.get("/logout")
    after_logout = read_cookies(user)
    user.client.cookiejar.clear()
    return [after_login, after_logout, read_cookies(user)]


@case("a Cookie header of the task replaces stored cookies")
def _(user: Any) -> Any:
    user.client.get("/login")
    return read_cookies(user, headers={"Cookie": "mine=1"})


@case("cookies are not sent to another service")
def _(user: Any) -> Any:
    user.client.get("/login")
    return list_headers(echo(user, SERVERS["ipv6"] + "/echo"), "cookie")[0]


@case("users do not share cookies")
def _(user: Any) -> Any:
    user.client.get("/login")
    return read_cookies(type(user)(user.environment))


# --- Redirects ------------------------------------------------------------------------------------


@case("a redirect sets a cookie")
def _(user: Any) -> Any:
    user.client.get("/301", allow_redirects=False)
    return read_cookies(user)


@case("a redirect without allow_redirects is the response")
def _(user: Any) -> Any:
    response = user.client.post("/303", data="x", allow_redirects=False)
    return [response.status_code, response.headers["location"]]


for _code in (301, 303, 307):

    @case(f"a POST redirected by {_code}")
    def _(user: Any, code: int = _code) -> Any:
        request = echo(user, f"/{code}", method="POST", json={"a": 1}, allow_redirects=True)
        return [
            request["method"],
            request["path"],
            request["body"],
            list_headers(request, "content-type", "cookie"),
        ]


@case("an endless redirect")
def _(user: Any) -> Any:
    return user.client.get("/loop", allow_redirects=True).ok


for _kind in ("ftp", "nowhere"):

    @case(f"a redirect to {_kind}")
    def _(user: Any, kind: str = _kind) -> Any:
        return user.client.get(f"/to-{kind}", allow_redirects=True).status_code


@case("a redirect to another service drops the credentials")
def _(user: Any) -> Any:
    address = SERVERS["other"].partition("//")[2]
    request = echo(user, f"/to-other/{address}", auth=("me", "1"), allow_redirects=True)
    return list_headers(request, "authorization")


@case("a redirect with default settings")
def _(user: Any) -> Any:
    return user.client.get("/301").status_code

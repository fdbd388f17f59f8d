"""Cases: cookies and redirects."""

from __future__ import annotations

from typing import Any

from tests.loadtests.http.client_cases import PLACES, case, echo, fields


def cookies(user: Any, **options: Any) -> Any:
    return fields(echo(user, **options), "cookie")[0]


@case("cookies are kept, deleted and cleared")
def _(user: Any) -> Any:
    user.client.get("/login")
    seen = [cookies(user)]
    user.client.get("/logout")
    seen.append(cookies(user))
    user.client.cookiejar.clear()
    return [*seen, cookies(user)]


@case("a cookie that the task gives is the only one")
def _(user: Any) -> Any:
    user.client.get("/login")
    return cookies(user, headers={"Cookie": "mine=1"})


@case("cookies do not go to another service")
def _(user: Any) -> Any:
    user.client.get("/login")
    return fields(echo(user, PLACES["ipv6"] + "/echo"), "cookie")[0]


@case("users do not share cookies")
def _(user: Any) -> Any:
    user.client.get("/login")
    return cookies(type(user)(user.environment))


# --- Redirects ------------------------------------------------------------------------------------


@case("a redirect sets a cookie")
def _(user: Any) -> Any:
    user.client.get("/301", allow_redirects=False)
    return cookies(user)


@case("a redirect that may not be followed is the answer")
def _(user: Any) -> Any:
    response = user.client.post("/303", data="x", allow_redirects=False)
    return [response.status_code, response.headers["location"]]


for _code in (301, 303, 307):

    @case(f"a post is redirected by {_code}")
    def _(user: Any, code: int = _code) -> Any:
        seen = echo(user, f"/{code}", method="POST", json={"a": 1}, allow_redirects=True)
        return [seen["method"], seen["path"], seen["body"], fields(seen, "content-type", "cookie")]


@case("a redirect without end")
def _(user: Any) -> Any:
    return user.client.get("/loop", allow_redirects=True).ok


for _place in ("ftp", "nowhere"):

    @case(f"a redirect to {_place}")
    def _(user: Any, place: str = _place) -> Any:
        return user.client.get(f"/to-{place}", allow_redirects=True).status_code


@case("a redirect to another service does not take the password along")
def _(user: Any) -> Any:
    place = PLACES["other"].partition("//")[2]
    return fields(echo(user, f"/to-other/{place}", auth=("me", "1"), allow_redirects=True), "authorization")


@case("a redirect that goes without saying")
def _(user: Any) -> Any:
    return user.client.get("/301").status_code

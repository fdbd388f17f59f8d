"""Secrets masked before they are shown or stored: by the name of what carries them, and in URLs.

One table of names applies to headers, query parameters and fields of bodies. What is masked stays visible as
:data:`MASK`, so that a reader sees that it was set.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

MASK = "***"
"""Shown instead of a secret."""

_SECRET_PARTS = re.compile(
    r"auth(?!or(?!i[sz]))|token|secret|passw|passphrase|passcode|credential|cookie|session|[cx]srf|signature"
    r"|bearer|jwt|(?:api|access|private|shared|account|client|signing|encryption|license|subscription)key"
)
"""Parts of a secret's name, in lower case and without separators; ``author`` is no secret."""
_SECRET_WORDS = {"key", "pass", "pwd", "pw", "sig", "sid", "pin", "otp", "hmac", "dsn", "assertion"}
"""Whole words of a secret's name, which are no secret inside other words (``keyboard``, ``passenger``)."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_USER_INFO = re.compile(
    r"(?<=://)(?:[^\s/?#\"'<>]{0,4096}@"
    # A password with an unescaped slash: what follows the colon is no port.
    r"|[^\s/?#@:\"'<>]{0,4096}:(?!\d{1,5}(?:[/?#\s\"']|$))[^\s\"'<>]{0,4096}@)"
)
_PARAMETER = re.compile(r"(?<=[?&;#])([^\s=&;#?\"'<>]+)=([^\s&;#?\"'<>]+)")
_FORM_FIELD = re.compile(r"(?:^|(?<=&))([^\s=&]+)=([^&]+)")
_FORM = re.compile(r"[^\s=&]+=[^&]*(?:&[^\s=&]+=[^&]*)*\s*")
_CREDENTIALS = re.compile(
    r"\b((?i:Bearer|Basic|Digest|Negotiate))(\s+)(?=[\w.~-]*(?:[0-9+/=]|[a-z][A-Z]))[\w.~+/=-]{6,}"
    r"|\beyJ[\w-]{5,4096}\.[\w-]+\.[\w-]*"
)
"""Values of ``Authorization`` (RFC 9110, 11.4) and JSON web tokens (RFC 7519), not "basic authentication"."""


def is_secret_name(name: str) -> bool:
    """Return whether a header, query parameter or field of this name carries a secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(_SECRET_PARTS.search("".join(words))) or not _SECRET_WORDS.isdisjoint(words)


def remove_user_info(url: str) -> str:
    """Return a URL without user and password, valid or not."""
    return _USER_INFO.sub("", url)


def mask_parameters(text: str) -> str:
    """Mask the values of secret query parameters in a URL, a path or a text that contains them."""
    return _PARAMETER.sub(_mask_pair, text)


def mask_text(text: str) -> str:
    """Mask user and password of URLs, secret query parameters, and credentials of ``Authorization``."""
    masked = _CREDENTIALS.sub(_mask_credentials, _USER_INFO.sub(f"{MASK}@", text))
    return mask_parameters(masked)


def mask_values(data: Any) -> Any:
    """Return plain data in which the values of secret names are masked, and secrets in texts."""
    if isinstance(data, Mapping):
        pair_name = next((data[key] for key in ("name", "key") if isinstance(data.get(key), str)), "")
        return {
            key: _mask_all(value)
            if is_secret_name(str(key)) and (key != "key" or "value" not in data)
            else _mask_all(value)
            if key == "value" and is_secret_name(pair_name)
            else mask_values(value)
            for key, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [mask_values(value) for value in data]
    return mask_text(data) if isinstance(data, str) else data


def mask_body(body: str) -> str:
    """Return a request's body with the values of secret fields masked.

    JSON and forms are masked field by field. Any other text that names a secret is replaced as a whole.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict | list):
        masked = mask_values(data)
        return body if masked == data else json.dumps(masked, ensure_ascii=False)
    if _FORM.fullmatch(body):
        return _FORM_FIELD.sub(_mask_pair, body)
    words = re.findall(r"[\w-]+", body)
    return MASK if any(map(is_secret_name, words)) else mask_text(body)


def _mask_all(value: Any) -> Any:
    """Mask every value; what is empty, true, false or null stays, because it is no secret."""
    if isinstance(value, Mapping):
        return {key: _mask_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mask_all(item) for item in value]
    return value if value is None or isinstance(value, bool) or value == "" else MASK


def _mask_pair(pair: re.Match[str]) -> str:
    return f"{pair[1]}={MASK}" if is_secret_name(unquote_plus(pair[1])) else pair[0]


def _mask_credentials(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{MASK}" if match[1] else MASK

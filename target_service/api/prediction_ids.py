"""Signed prediction ids that contain the predicted class, so that any worker can evaluate feedback."""

import base64
import binascii
import hashlib
import hmac
import secrets

NONCE_BYTES = 8
SIGNATURE_BYTES = 12


class PredictionIds:
    """Creates and reads prediction ids with one signing key.

    An id is URL-safe base64 of a nonce (8 bytes), the class index (1 byte) and a keyed BLAKE2b signature
    (12 bytes; RFC 7693).
    """

    def __init__(self, key: str) -> None:
        self._key = hashlib.blake2b(key.encode()).digest()

    def make(self, class_index: int) -> str:
        """Return a new id for a prediction of class ``class_index`` (0-255)."""
        payload = secrets.token_bytes(NONCE_BYTES) + bytes([class_index])
        return base64.urlsafe_b64encode(payload + self._sign(payload)).decode()

    def read_class_index(self, prediction_id: str) -> int | None:
        """Return the class index in ``prediction_id``, or ``None`` if the id is not valid."""
        try:
            raw = base64.b64decode(prediction_id.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return None
        payload, signature = raw[: NONCE_BYTES + 1], raw[NONCE_BYTES + 1 :]
        if not hmac.compare_digest(signature, self._sign(payload)):
            return None
        return payload[NONCE_BYTES]

    def _sign(self, payload: bytes) -> bytes:
        return hashlib.blake2b(payload, key=self._key, digest_size=SIGNATURE_BYTES).digest()

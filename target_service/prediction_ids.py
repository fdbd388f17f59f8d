"""Prediction ids that carry the predicted class, signed: any worker can judge feedback, none remembers it."""

import base64
import binascii
import hashlib
import hmac
import secrets

NONCE_BYTES = 8
SIGNATURE_BYTES = 12


class PredictionIds:
    """Makes and reads prediction ids of one signing key.

    An id is URL-safe base64 of nonce (8 bytes), class index (1) and a keyed BLAKE2b signature (12; RFC 7693).
    """

    def __init__(self, key: str) -> None:
        self._key = hashlib.blake2b(key.encode()).digest()

    def make(self, class_index: int) -> str:
        """Return a new id for a prediction of class ``class_index`` (0-255)."""
        payload = secrets.token_bytes(NONCE_BYTES) + bytes([class_index])
        return base64.urlsafe_b64encode(payload + self._sign(payload)).decode()

    def read(self, prediction_id: str) -> int | None:
        """Return the class index in ``prediction_id``, or ``None`` when we never made that id."""
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

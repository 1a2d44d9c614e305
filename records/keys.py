"""What is made from the one secret of a deployment (`DATRYS_SECRET_KEY`): each purpose has a key of its own."""

import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocols.errors import Refused

NONCE_BYTES = 12


def digest(secret: str) -> bytes:
    """The SHA-256 of a secret that is random enough not to be guessed: what is kept of it."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


class Keys:
    """The keys of a deployment.

    Args:
        secret: `DATRYS_SECRET_KEY`.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def key(self, purpose: str) -> bytes:
        """32 bytes for one purpose, which say nothing of the secret or of another purpose's."""
        return HKDF(SHA256(), 32, salt=None, info=f"datrys {purpose}".encode()).derive(self._secret)

    def mark(self, purpose: str, *parts: str) -> bytes:
        """The keyed hash of these parts."""
        joined = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        return hmac.digest(self.key(purpose), joined, "sha256")

    def token(self, purpose: str, *parts: str) -> str:
        """The same hash as a word for an address or a form: nobody can make it without the key."""
        return urlsafe_b64encode(self.mark(purpose, *parts)).rstrip(b"=").decode()

    @staticmethod
    def same(expected: str, shown: str) -> bool:
        """Whether somebody shows this very word; how long it takes says nothing of it."""
        return hmac.compare_digest(expected.encode(), shown.encode(errors="replace"))

    def seal(self, secret: bytes) -> bytes:
        """A secret that has to be read again, encrypted."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._sealing.encrypt(nonce, secret, None)

    def unseal(self, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            Refused: it was sealed with another key.
        """
        try:
            return self._sealing.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            raise Refused("It was sealed with another DATRYS_SECRET_KEY: set that one, or make it anew.") from None

    @cached_property
    def _sealing(self) -> AESGCM:
        return AESGCM(self.key("seal"))

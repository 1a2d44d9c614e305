"""How what Temporal stores is written and read: never in a way that loses a signal, encrypted where keys are set."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)

ENCRYPTED, KEY_NAME = b"binary/encrypted", "encryption-key-id"
NONCE_BYTES = 12


class LenientConverter(PydanticPayloadConverter):
    """Hands on unread what cannot be read where no type is asked for: a signal's payload must not vanish.

    The SDK drops a signal that fails to decode, and logs what was in it.
    """

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """See the SDK's converter."""
        if type_hints:
            return super().from_payloads(payloads, type_hints)
        return [self._read(payload) for payload in payloads]

    def _read(self, payload: Payload) -> Any:
        try:
            return super().from_payloads([payload], None)[0]
        except Exception:  # noqa: BLE001 - whatever a converter may find in bytes from outside
            return RawValue(payload)


class Cipher(PayloadCodec):
    """AES-GCM with a ring of keys: the first encrypts, all decrypt.

    Args:
        keys: name and 32 bytes each, the newest first.
    """

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        self._newest = keys[0][0]
        self._ring = {name: AESGCM(key) for name, key in keys}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt whole payloads, metadata included."""
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt; what cannot be decrypted passes unchanged, for an exception here would stop the case."""
        return [self._decrypt(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ring[self._newest].encrypt(nonce, payload.SerializeToString(), None)
        return Payload(metadata={"encoding": ENCRYPTED, KEY_NAME: self._newest.encode()}, data=nonce + sealed)

    def _decrypt(self, payload: Payload) -> Payload:
        key = self._ring.get(payload.metadata.get(KEY_NAME, b"").decode(errors="replace"))
        if payload.metadata.get("encoding") != ENCRYPTED or key is None:
            return payload
        try:
            plain = key.decrypt(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:], None)
            return Payload.FromString(plain)
        except (InvalidTag, ValueError):
            return payload


def data_converter(keys: Iterable[tuple[str, bytes]] = ()) -> DataConverter:
    """The converter of every client and worker.

    Args:
        keys: the ring of keys, the newest first; without any nothing is encrypted.
    """
    ring = list(keys)
    return DataConverter(
        payload_converter_class=LenientConverter,
        payload_codec=Cipher(ring) if ring else None,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes if ring else DefaultFailureConverter,
    )

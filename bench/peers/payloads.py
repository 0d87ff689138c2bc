"""What is sent and what must come back: protobuf by hand, so that the generator's bytes depend on no library."""

import gzip
import json
import struct

STREAM_MESSAGES = 1000
STREAM_BYTES = 100


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, value: int | str | bytes) -> bytes:
    """One field of a message: integers as varints, the rest with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def envelope(message: bytes, flags: int = 0) -> bytes:
    """A message as gRPC and Connect's streams carry it."""
    return struct.pack(">BI", flags, len(message)) + message


def text_like_an_api(size: int) -> str:
    """Compresses as API answers do."""
    rows = []
    length = 0
    for i in range(size):
        rows.append(
            f'{{"id": {1000 + i * 7919 % 9973}, "name": "user-{i * 31 % 97}", "mail": "u{i * 131 % 1009}@example.com", '
            f'"active": {str(i % 3 == 0).lower()}, "score": {i * 2654435761 % 100000 / 100}, "tags": ["a{i % 7}", "b{i % 11}"]}}, '
        )
        length += len(rows[-1])
        if length >= size:
            break
    return "".join(rows)[:size]


def log_records(count: int) -> tuple[bytes, bytes]:
    """An IngestRequest of `count` records of about 340 bytes each, nested and with maps, and its answer."""
    request = b""
    total = 0
    for i in range(count):
        texts = {
            3: "checkout-service",
            4: f"checkout-7d9f8b6c5-{i:05}",
            5: f"request {i} completed: POST /api/v1/orders status=200 duration=12.5ms bytes=2048",
            6: f"{i:032x}",
            7: f"{i:016x}",
        }
        file, function = "src/handlers/orders.cc", "OrderHandler::Create"
        labels = {
            "env": "production",
            "region": "us-west-2",
            "version": "v1.42.0",
            "team": "commerce",
            "host": f"ip-10-0-{i}-17.internal",
        }
        record = field(1, 1_700_000_000_000_000_000 + i) + field(2, i % 4 + 1)
        record += b"".join(field(number, text) for number, text in texts.items())
        record += field(8, field(1, file) + field(2, 100 + i) + field(3, function))
        record += b"".join(field(9, field(1, key) + field(2, value)) for key, value in labels.items())
        request += field(1, record)
        total += sum(len(text) for text in [*texts.values(), file, function, *labels, *labels.values()])
    return request, field(1, count) + field(2, min(count, 4)) + field(3, total)


HELLO = "hello, world!"
_chunk = field(2, b"x" * STREAM_BYTES)
_log50 = log_records(50)

# name: (method, message sent, message of the answer, messages sent, messages that come back)
PAYLOADS = {
    "tiny": ("Echo", field(1, HELLO), field(1, HELLO), 1, 1),
    "1k": ("Echo", field(2, b"x" * 1024), field(2, b"x" * 1024), 1, 1),
    "64k": ("Echo", field(2, b"x" * 65536), field(2, b"x" * 65536), 1, 1),
    "log50": ("Ingest", _log50[0], _log50[1], 1, 1),
    "text1k": ("Echo", field(1, text_like_an_api(1024)), field(1, text_like_an_api(1024)), 1, 1),
    "text16k": ("Echo", field(1, text_like_an_api(16384)), field(1, text_like_an_api(16384)), 1, 1),
    "stream": ("Stream", field(1, STREAM_MESSAGES) + field(2, STREAM_BYTES), _chunk, 1, STREAM_MESSAGES),
    "upload": ("Upload", _chunk, field(1, STREAM_MESSAGES) + field(3, STREAM_MESSAGES * STREAM_BYTES), STREAM_MESSAGES, 1),
}

HELLO_JSON = json.dumps({"text": HELLO}, separators=(",", ":")).encode()


def gzipped(message: bytes) -> bytes:
    return gzip.compress(message, 6, mtime=0)

"""The cases that h2load generates."""

import gzip
import json
from dataclasses import dataclass

from payloads import HELLO_JSON, PAYLOADS, envelope, gzipped

SERVICE = "/bench.v1.EchoService/"

HEADERS = {
    "grpc": ["content-type: application/grpc", "te: trailers"],
    "connect": ["content-type: application/proto", "connect-protocol-version: 1"],
    "json": ["content-type: application/json", "connect-protocol-version: 1"],
}
GZIP_HEADERS = {
    "grpc": ["grpc-encoding: gzip", "grpc-accept-encoding: gzip"],
    "connect": ["content-encoding: gzip", "accept-encoding: gzip"],
}
DEADLINE_HEADERS = {"grpc": ["grpc-timeout: 10S"], "connect": ["connect-timeout-ms: 10000"]}


@dataclass(frozen=True)
class Case:
    """`connections` × `streams` calls under way at once."""

    protocol: str  # grpc, connect or json
    payload: str
    connections: int
    streams: int
    http1: bool = False
    variant: str = "plain"  # how the server is started: plain, tls or gzip
    deadline: bool = False
    extra_headers: int = 0

    @property
    def name(self) -> str:
        words = [self.protocol, self.payload]
        words += ["http/1.1"] if self.http1 else []
        words += [self.variant] if self.variant != "plain" else []
        words += ["deadline"] if self.deadline else []
        return " ".join([*words, f"{self.connections}x{self.streams}"])

    @property
    def method(self) -> str:
        return PAYLOADS[self.payload][0]

    @property
    def path(self) -> str:
        return SERVICE + self.method

    @property
    def headers(self) -> list[str]:
        headers = list(HEADERS[self.protocol])
        headers += GZIP_HEADERS[self.protocol] if self.variant == "gzip" else []
        headers += DEADLINE_HEADERS[self.protocol] if self.deadline else []
        headers += [f"x-request-{i}: value {i}" for i in range(self.extra_headers)]
        return headers

    @property
    def request(self) -> bytes:
        _, message, _, messages, _ = PAYLOADS[self.payload]
        if self.protocol == "json":
            return HELLO_JSON
        if self.variant == "gzip":
            return envelope(gzipped(message), 1) if self.protocol == "grpc" else gzipped(message)
        return envelope(message) * messages if self.protocol == "grpc" else message

    @property
    def response(self) -> bytes:
        """Of a server that does not compress."""
        _, _, message, _, messages = PAYLOADS[self.payload]
        if self.protocol == "json":
            return HELLO_JSON
        return envelope(message) * messages if self.protocol == "grpc" else message

    @property
    def units(self) -> int:
        """The messages of a call, by which costs are counted."""
        return max(PAYLOADS[self.payload][3:])

    @property
    def latency(self) -> bool:
        return self.connections * self.streams == 1

    def fault(self, status: int, headers: dict[str, str], body: bytes) -> str | None:
        """What is wrong with an answer; None if nothing is."""
        if status != 200:
            return f"HTTP status {status}"
        if self.protocol == "grpc" and headers.get("grpc-status") != "0":
            return f"grpc-status {headers.get('grpc-status')} {headers.get('grpc-message', '')}".strip()
        if self.protocol == "json":
            try:
                return None if json.loads(body) == json.loads(self.response) else f"another body: {body[:60]!r}"
            except ValueError:
                return f"no JSON: {body[:60]!r}"
        if self.variant == "gzip":
            try:
                body = self._unpacked(headers, body)
            except (OSError, EOFError, ValueError) as error:
                return str(error)
        return None if body == self.response else f"another body ({len(body)} bytes): {body[:60]!r}"

    def _unpacked(self, headers: dict[str, str], body: bytes) -> bytes:
        if self.protocol == "grpc":
            if body[:1] != b"\1":
                raise ValueError("the answer is not compressed")
            return envelope(gzip.decompress(body[5:]))
        if headers.get("content-encoding") != "gzip":
            raise ValueError("the answer is not compressed")
        return gzip.decompress(body)


CASES = [
    Case("grpc", "tiny", 8, 32),
    Case("connect", "tiny", 8, 32),
    Case("grpc", "tiny", 1, 1),
    Case("connect", "tiny", 1, 1),
    Case("grpc", "tiny", 8, 32, deadline=True),
    Case("grpc", "1k", 8, 32),
    Case("connect", "1k", 8, 32),
    Case("grpc", "64k", 8, 32),
    Case("grpc", "64k", 1, 1),
    Case("connect", "64k", 8, 32),
    Case("grpc", "log50", 8, 32),
    Case("connect", "log50", 8, 32),
    Case("grpc", "stream", 8, 4),
    Case("grpc", "stream", 1, 1),
    Case("grpc", "upload", 8, 4),
    Case("grpc", "upload", 1, 1),
    Case("connect", "tiny", 64, 1, http1=True),
    Case("connect", "tiny", 1, 1, http1=True),
    Case("json", "tiny", 8, 32),
    Case("json", "tiny", 64, 1, http1=True),
    Case("grpc", "text1k", 8, 32, variant="gzip"),
    Case("grpc", "text16k", 8, 32, variant="gzip"),
    Case("connect", "text1k", 8, 32, variant="gzip"),
    Case("connect", "text16k", 8, 32, variant="gzip"),
    Case("grpc", "tiny", 8, 32, variant="tls"),
    Case("grpc", "64k", 8, 32, variant="tls"),
]

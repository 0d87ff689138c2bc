"""What an idle connection costs a server's memory, plain and with TLS: fresh, and after one call."""

import socket
import ssl
import struct
import time

from payloads import PAYLOADS, envelope
from processes import ServerFailed, allow_files, rss_kib

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A header field that HPACK adds to no table."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def head(path: bytes) -> bytes:
    block = b"\x83\x86" + b"\x04" + bytes([len(path)]) + path + b"\x01\x09localhost"
    return block + literal(b"content-type", b"application/grpc") + literal(b"te", b"trailers")


CALL = frame(HEADERS, END_HEADERS, 1, head(b"/bench.v1.EchoService/Echo")) + frame(
    DATA, END_STREAM, 1, envelope(PAYLOADS["tiny"][1]))


class Connection:
    """HTTP/2 with just enough of a client to be welcome; the settings are exchanged once it is made."""

    def __init__(self, port: int, tls: bool) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.received = b""
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
        self._until(lambda kind, flags, _: kind == SETTINGS and not flags & ACK)
        self.socket.sendall(frame(SETTINGS, ACK, 0))

    def _until(self, wanted) -> None:
        while True:
            while len(self.received) < 9 or len(self.received) < 9 + int.from_bytes(self.received[:3], "big"):
                more = self.socket.recv(65536)
                if not more:
                    raise OSError("the server closed an idle connection")
                self.received += more
            end = 9 + int.from_bytes(self.received[:3], "big")
            kind, flags = self.received[3], self.received[4]
            stream = int.from_bytes(self.received[5:9], "big")
            payload, self.received = self.received[9:end], self.received[end:]
            if kind == PING and not flags & ACK:
                self.socket.sendall(frame(PING, ACK, 0, payload))
            if wanted(kind, flags, stream):
                return

    def call(self) -> None:
        self.socket.sendall(CALL)
        self._until(lambda kind, flags, stream: stream == 1 and flags & END_STREAM and kind in (DATA, HEADERS))

    def close(self) -> None:
        self.socket.close()


def settled_rss(server) -> int:
    time.sleep(1)
    return rss_kib(server.pids)


def hold(server, tls: bool, count: int, calls: bool) -> dict[str, float]:
    """KiB a connection, fresh and used, over what a server needs that has served before."""
    warm = [Connection(server.port, tls) for _ in range(4)]
    for connection in warm:
        if calls:
            connection.call()
        connection.close()
    before = settled_rss(server)
    connections = []
    try:
        connections.extend(Connection(server.port, tls) for _ in range(count))
        fresh = settled_rss(server)
        figures = {"kib": (fresh - before) / count, "connections": count}
        if calls:
            for connection in connections:
                connection.call()
            figures["used_kib"] = (settled_rss(server) - before) / count
        return figures
    finally:
        for connection in connections:
            connection.close()


def part_idle(bench, peers) -> None:
    spare = 200
    count = min(bench.args.connections, allow_files(bench.args.connections + spare) - spare)
    for variant in ("plain", "tls"):
        held = count if variant == "plain" else max(1, count // 5)  # a handshake is slow in Python
        for peer in peers:
            if peer.variant(variant) is None:
                continue
            case = f"idle connection {variant}"
            try:
                with bench.start(peer, variant) as server:
                    figures = hold(server, variant == "tls", held, peer.grpc and not peer.answers_files)
            except (OSError, ServerFailed) as error:
                bench.results.miss(case, peer.name, f"with {held} connections: {error}")
                bench.say(f"{case}: {peer.name} is left out: {error}")
                continue
            bench.results.add(case, peer.name, {"kib": figures["kib"], "connections": held})
            if "used_kib" in figures:
                bench.results.add(f"{case}, after a call", peer.name, {"kib": figures["used_kib"], "connections": held})
            bench.say(f"{case:32} {peer.name:20} {figures['kib']:6.1f} KiB fresh, {figures.get('used_kib', 0):6.1f} after a call")

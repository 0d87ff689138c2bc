"""Who is measured: how each server and client is started, and where it must have been built."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from cases import Case


@dataclass(frozen=True)
class Peer:
    """In `command`, {port}, {built}, {tls}, {static}, {ours} and {source} stand for what the driver knows."""

    name: str
    command: str
    tls: str | None = None  # what makes it serve TLS, or, with "=" before it, another command; None: it cannot
    gzip: str | None = None  # what makes it answer compressed; None: it cannot
    kind: str = "peer"  # ours, peer, or yardstick: less than RPC, so not counted among the best
    grpc: bool = True
    connect: bool = False
    http1: bool = False
    answers_files: bool = False
    echoes_only: bool = False
    slow: bool = False  # left out unless named
    environment: dict[str, str] = field(default_factory=dict)
    patience: float = 15.0  # seconds to come up
    warmup: float = 0.5  # seconds of load before each measurement

    def variant(self, variant: str) -> str | None:
        """The command for it; None if it has no such variant."""
        extra = {"plain": "", "tls": self.tls, "gzip": self.gzip}[variant]
        if extra is None or extra.startswith("="):
            return extra and extra[1:]
        return f"{self.command} {extra}".strip()

    def unable(self, case: Case) -> str | None:
        """What of a case it cannot do by its nature; None if it should be able to."""
        if self.variant(case.variant) is None:
            return f"cannot do {case.variant}"
        if not (self.grpc if case.protocol == "grpc" else self.connect):
            return "does not speak gRPC" if case.protocol == "grpc" else "does not speak Connect"
        if case.http1 and not self.http1:
            return "does not speak HTTP/1.1"
        if self.echoes_only and case.method != "Echo":
            return "only echoes"
        if self.answers_files and case.method == "Ingest":
            return "does no work on a message"
        return None


GRPCPP = "{built}/grpcpp/grpcpp_server --port {port}"
RUST = "{built}/rust/"

PEERS = [
    Peer("connect-cpp", "{ours}/bench_server --port {port}", "--tls {tls}", "", kind="ours", connect=True, http1=True),
    Peer("grpc++", GRPCPP, "--tls {tls}", "--gzip"),
    Peer("grpc++ queue", GRPCPP + " --api queue", "--tls {tls}", "--gzip"),
    Peer("tonic", RUST + "tonic-server --port {port}", "--tls {tls}", "--gzip"),
    Peer("ntex-grpc", RUST + "ntex-peer --port {port}", echoes_only=True),
    Peer("connect-rust", RUST + "connect-server --port {port}", "--tls {tls}", "", connect=True, http1=True),
    Peer("grpc-go", "{built}/go/grpc-server -port {port}", "-tls {tls}", "", environment={"GOMAXPROCS": "1"}),
    Peer("connect-go", "{built}/go/connect-server -port {port}", "-tls {tls}", "", connect=True, http1=True,
         environment={"GOMAXPROCS": "1"}),
    Peer("grpc-java", "java -XX:+UseSerialGC -Xmx512m -XX:ActiveProcessorCount=1 -cp {built}/java/peer.jar:{built}/java/lib/* "
         "peer.Main {port}", patience=30, warmup=3),
    Peer("nghttpd", "nghttpd --no-tls -n1 -d {static} {port}", "=nghttpd -n1 -d {static} {port} {tls}/key.pem {tls}/cert.pem",
         kind="yardstick", connect=True, answers_files=True),
    Peer("hyper", RUST + "hyper-peer --port {port}", kind="yardstick", grpc=False, connect=True, http1=True,
         echoes_only=True),
    Peer("grpclib", "{built}/python/bin/python {source}/python/grpclib_server.py {port}", slow=True,
         environment={"PYTHONPATH": "{built}/python/generated"}),
    Peer("connect-python", "{built}/python/bin/granian --interface asgi --loop uvloop --workers 1 --runtime-threads 1 "
         "--http auto --no-ws --host 127.0.0.1 --port {port} connect_app:app", slow=True, grpc=False, connect=True, http1=True,
         environment={"PYTHONPATH": "{built}/python/generated:{source}/python"}),
]

# Measured apart: each call of these is handed to a thread.
BLOCKING = [
    Peer("connect-cpp blocking", "{ours}/bench_server --port {port} --blocking", kind="ours"),
    Peer("grpc++ synchronous", GRPCPP + " --api synchronous"),
]

LOAD = " --target {target} --inflight {in_flight} --requests {requests}"
CLIENTS = [
    Peer("connect-cpp", "{ours}/bench_client --protocol grpc" + LOAD, kind="ours"),
    Peer("connect-cpp Connect", "{ours}/bench_client --protocol connect --http 2" + LOAD, kind="ours"),
    Peer("connect-cpp blocking", "{ours}/bench_client --protocol grpc --blocking" + LOAD, kind="ours"),
    Peer("grpc++", "{built}/grpcpp/grpcpp_client" + LOAD),
    Peer("grpc++ queue", "{built}/grpcpp/grpcpp_client --api queue" + LOAD),
    Peer("grpc++ synchronous", "{built}/grpcpp/grpcpp_client --api synchronous" + LOAD),
    Peer("tonic", RUST + "tonic-client" + LOAD),
    Peer("connect-rust", RUST + "connect-client --protocol grpc" + LOAD),
    Peer("connect-rust Connect", RUST + "connect-client --protocol connect" + LOAD),
    Peer("grpc-go", "{built}/go/client -lib grpc-go" + LOAD.replace("--", "-"), environment={"GOMAXPROCS": "1"}),
    Peer("connect-go", "{built}/go/client -lib connect-go" + LOAD.replace("--", "-"), environment={"GOMAXPROCS": "1"}),
    Peer("connect-go Connect", "{built}/go/client -lib connect-go -protocol connect" + LOAD.replace("--", "-"),
         environment={"GOMAXPROCS": "1"}),
]


def why_absent(command: list[str]) -> str | None:
    """What of a command is not here; None if all is."""
    if not shutil.which(command[0]):
        return f"{Path(command[0]).name} is not here: not built (./dev bench peers --build says why) or not installed"
    for word in command[1:]:
        for path in word.split(":"):
            if path.startswith("/") and not path.endswith("*") and not Path(path).exists():
                return f"{path} is not here"
    return None

"""The programs at both ends of a call: how each is started and what it can do."""

import dataclasses
import json
import os
import pathlib
import select
import subprocess

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Way:
    """How a call is made."""

    protocol: str
    http: int
    codec: str = "proto"
    tls: bool = False
    get: bool = False
    gzip: bool = False
    text: bool = False
    stream: bool = False

    def __str__(self) -> str:
        extra = "".join(f", {word}" for word in ("tls", "get", "gzip", "text", "stream") if getattr(self, word))
        return f"{self.protocol}, {self.codec}, HTTP/{self.http}{extra}"

    def plain(self) -> bool:
        """Whether codec, TLS, GET and compression are those that all other ways are variants of."""
        return self.codec == "proto" and not (self.tls or self.get or self.gzip)


class Server:
    """A server that prints its addresses on its first line."""

    def __init__(self, name: str, make: str, command: list, work: pathlib.Path, extra: dict):
        self.name, self.make = name, make
        self.log = (work / f"{name}.log").open("w")
        words = [str(word) for word in command]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=self.log, env=os.environ | extra)
        self.urls: dict[str, str] = {}

    def wait(self) -> None:
        """Until it has said where it listens."""
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline().decode() if ready else ""
        self.urls = {url.split(":")[0]: url for url in line.split()}
        if "http" not in self.urls:
            raise RuntimeError(f"{self.name} printed no address within 60 s; see {self.log.name}")

    def url(self, way: Way) -> str:
        # Some have a port of its own for HTTP/1.1.
        if way.http == 1 and not way.tls and "http1" in self.urls:
            return self.urls["http1"].replace("http1:", "http:")
        return self.urls["https" if way.tls else "http"]

    def has_ended(self) -> bool:
        try:
            self.process.wait(1)
            return True
        except subprocess.TimeoutExpired:
            return False

    def stop(self) -> int:
        """Ends it; gives its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                return -1
        self.log.close()
        return self.process.returncode


def run_client(words: list, extra: dict, timeout: int = 120) -> tuple[dict, str]:
    """The outcomes that a client printed, by scenario, and what it complained of."""
    try:
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=os.environ | extra,
        )
        output, complaint = done.stdout, f"exit status {done.returncode}: {done.stderr.strip()[-2000:]}"
        complaint = complaint if done.returncode != 0 else ""
    except subprocess.TimeoutExpired as error:
        output, complaint = (error.stdout or b"").decode(), f"did not end within {timeout} s"
    return {outcome["scenario"]: outcome for outcome in map(json.loads, output.splitlines())}, complaint


def program_client(command: list, extra: dict | None = None):
    """A client program of ours or of interop/: takes the whole table, prints a line for each."""

    def run(way: Way, url: str, ca: pathlib.Path, table: pathlib.Path, scenarios: list) -> tuple[dict, str]:
        words = [*command, "--url", url, "--protocol", way.protocol, "--codec", way.codec, "--http", way.http]
        words += ["--scenarios", table]
        words += ["--ca", ca] if way.tls else []
        words += [flag for flag, wanted in (("--get", way.get), ("--gzip", way.gzip)) if wanted]
        return run_client(words, extra or {})

    return run


def grpc_program_client(command: list):
    """One that knows only gRPC and no words about it."""

    def run(way: Way, url: str, ca: pathlib.Path, table: pathlib.Path, scenarios: list) -> tuple[dict, str]:
        words = [*command, "--url", url, "--scenarios", table] + (["--ca", ca] if way.tls else [])
        return run_client(words + (["--gzip"] if way.gzip else []), {})

    return run


def grpc_web_js_client(folder: pathlib.Path):
    """The client of interop/grpc_web; `folder` has the packages that it needs."""

    def run(way: Way, url: str, _: pathlib.Path, table: pathlib.Path, scenarios: list) -> tuple[dict, str]:
        words = ["node", HERE / "grpc_web" / "client.js", "--url", url, "--scenarios", table]
        words += ["--form", "text" if way.text else "binary"] + (["--stream"] if way.stream else [])
        return run_client(words, {"NODE_PATH": str(folder / "node_modules")})

    return run

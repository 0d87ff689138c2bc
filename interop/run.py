#!/usr/bin/env python3
"""Puts our programs together with those of others and compares every value of every scenario.

Each end is a program or a command-line tool; a combination of two ends, protocol, codec, HTTP version and TLS is one
row; each scenario of scenarios.py in a row is one case."""

import argparse
import dataclasses
import json
import os
import pathlib
import select
import subprocess
import sys
import time

import tools
from expected import differences, expected_outcome
from scenarios import SCENARIOS

PROTOCOLS = [("connect", 1), ("connect", 2), ("grpc", 2), ("grpc-web", 1), ("grpc-web", 2)]


class Server:
    """A server that prints its addresses on its first line."""

    def __init__(self, name: str, make: str, command: list, work: pathlib.Path):
        self.name, self.make = name, make
        self.log = (work / f"{name}.log").open("w")
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=self.log)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline().decode() if ready else ""
        self.urls = {url.split(":")[0]: url for url in line.split()}
        if "http" not in self.urls:
            self.stop()
            raise RuntimeError(f"{name} printed no address within 20 s; see {self.log.name}")

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


def program_client(make: str, command: list):
    """A client program of ours or of interop/: takes the whole table, prints a line for each."""

    def run(way: Way, url: str, ca: pathlib.Path, table: pathlib.Path, scenarios: list) -> dict:
        words = [*command, "--url", url, "--protocol", way.protocol, "--codec", way.codec, "--http", way.http]
        words += ["--scenarios", table]
        words += ["--ca", ca] if way.tls else []
        words += [flag for flag, wanted in (("--get", way.get), ("--gzip", way.gzip)) if wanted]
        if make == "grpc++":
            words = [*command, "--url", url, "--scenarios", table, "--ca", ca] + (["--gzip"] if way.gzip else [])
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300, check=False)
        outcomes = {}
        for line in done.stdout.splitlines():
            outcome = json.loads(line)
            outcomes[outcome["scenario"]] = outcome
        if done.returncode != 0:
            print(f"    exit status {done.returncode}: {done.stderr.strip()[-2000:]}")
        return outcomes

    return run


def grpc_web_js_client(folder: pathlib.Path):
    """The client of interop/grpc_web; `folder` has the packages that it needs."""
    program = pathlib.Path(__file__).parent / "grpc_web" / "client.js"

    def run(way: Way, url: str, _: pathlib.Path, table: pathlib.Path, scenarios: list) -> dict:
        words = ["node", program, "--url", url, "--scenarios", table, "--form", "text" if way.text else "binary"]
        words += ["--stream"] if way.stream else []
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=os.environ | {"NODE_PATH": str(folder / "node_modules")},
        )
        if done.returncode != 0:
            print(f"    exit status {done.returncode}: {done.stderr.strip()[-2000:]}")
        return {outcome["scenario"]: outcome for outcome in map(json.loads, done.stdout.splitlines())}

    return run


def rows(args):
    """(client name, make, run, server name, ways)"""
    full = [Way(protocol, http, codec) for protocol, http in PROTOCOLS for codec in ("proto", "json")]
    tls = [Way(protocol, http, tls=True) for protocol, http in PROTOCOLS]
    gzip = [Way(protocol, 2, gzip=True) for protocol in ("connect", "grpc", "grpc-web")]
    get = [Way("connect", http, codec, get=True) for http in (1, 2) for codec in ("proto", "json")]
    grpc_only = [way for way in [*full, *tls, *gzip] if way.protocol == "grpc"]
    grpc_proto = [way for way in grpc_only if way.codec == "proto"]
    ours = {
        "our client": program_client("ours", [args.ours / "interop_client"]),
        "our blocking client": program_client("ours", [args.ours / "interop_client", "--blocking"]),
    }
    for name, run in ours.items():
        yield name, "ours", run, "our server", [*full, *tls, *gzip, *get]
        yield name, "ours", run, "our blocking server", full
        if args.connect_go:
            yield name, "ours", run, "connect-go server", [*full, *tls, *gzip, *get]
        if args.grpcpp:
            yield name, "ours", run, "grpc++ server", grpc_proto
    curl_ways = [Way("connect", http, "json", tls=secure) for http in (1, 2) for secure in (False, True)]
    yield "curl", "curl", tools.curl, "our server", [*curl_ways, Way("connect", 1, "json", get=True)]
    if args.buf:
        ways = [Way(protocol, http) for protocol, http in PROTOCOLS]
        yield "buf curl", "buf", tools.buf(args.buf, args.work), "our server", [*ways, Way("connect", 2, tls=True)]
    if args.grpcurl:
        yield "grpcurl", "grpcurl", tools.grpcurl(args.grpcurl), "our server", [Way("grpc", 2), Way("grpc", 2, tls=True)]
    if args.connect_go:
        run = program_client("connect-go", [args.connect_go / "bin" / "client"])
        yield "connect-go client", "connect-go", run, "our server", [*full, *tls, *gzip, *get]
        yield "connect-go client", "connect-go", run, "our blocking server", full
    if args.grpcpp:
        run = program_client("grpc++", [args.grpcpp / "interop_grpcpp_client"])
        yield "grpc++ client", "grpc++", run, "our server", grpc_proto
        yield "grpc++ client", "grpc++", run, "our blocking server", [Way("grpc", 2)]
    if args.grpc_web_js:
        run = grpc_web_js_client(args.grpc_web_js)
        forms = [Way("grpc-web", 1, text=True), Way("grpc-web", 1)]
        yield "grpc-web.js", "grpc-web.js", run, "our server", [*forms, Way("grpc-web", 1, text=True, stream=True)]
        yield "grpc-web.js", "grpc-web.js", run, "our blocking server", forms
    if args.judges_alone:
        run = program_client("connect-go", [args.connect_go / "bin" / "client"])
        yield "connect-go client", "connect-go", run, "connect-go server", full
        yield "connect-go client", "connect-go", run, "grpc++ server", grpc_proto
        run = program_client("grpc++", [args.grpcpp / "interop_grpcpp_client"])
        yield "grpc++ client", "grpc++", run, "connect-go server", grpc_proto
        for name, run in (("curl", tools.curl), ("buf curl", tools.buf(args.buf, args.work)), ("grpcurl", tools.grpcurl(args.grpcurl))):
            make = name.split()[0]
            ways = {"curl": curl_ways, "buf": [Way(*p) for p in PROTOCOLS]}.get(make, [Way("grpc", 2)])
            yield name, make, run, "connect-go server", ways


def make_certificate(work: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    certificate, key = work / "cert.pem", work / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        + ["-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate, key


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", type=pathlib.Path, required=True, help="folder of our programs")
    parser.add_argument("--grpcpp", type=pathlib.Path, help="folder of the grpc++ programs")
    parser.add_argument("--connect-go", type=pathlib.Path, help="folder that interop/go/build.sh made")
    parser.add_argument("--buf", type=pathlib.Path)
    parser.add_argument("--grpcurl", type=pathlib.Path)
    parser.add_argument("--grpc-web-js", type=pathlib.Path, help="folder with node_modules, by interop/grpc_web's lock file")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--counts", type=pathlib.Path, help="file to append 'passed failed skipped' to")
    parser.add_argument("--only", default="", help="only rows whose description has this text")
    parser.add_argument("--judges-alone", action="store_true", help="also others against others: checks this program")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    certificate, key = make_certificate(args.work)

    secure = ["--cert", certificate, "--key", key]
    commands = {
        "our server": ("ours", [args.ours / "interop_server", *secure]),
        "our blocking server": ("ours", [args.ours / "interop_server", "--blocking", *secure]),
    }
    if args.connect_go:
        commands["connect-go server"] = ("connect-go", [args.connect_go / "bin" / "server", *secure])
    if args.grpcpp:
        commands["grpc++ server"] = ("grpc++", [args.grpcpp / "interop_grpcpp_server", *secure])

    passed = failed = 0
    servers: dict[str, Server] = {}
    try:
        for client, make, run, server_name, ways in rows(args):
            for way in ways:
                row = f"{client} -> {server_name}: {way}"
                if args.only not in row:
                    continue
                if server_name not in servers:
                    servers[server_name] = Server(server_name, *commands[server_name], args.work)
                server = servers[server_name]
                started = time.monotonic()
                good, bad = run_row(row, make, run, way, server, certificate, args.work)
                passed, failed = passed + good, failed + bad
                print(f"{'ok  ' if bad == 0 else 'FAIL'} {row}: {good} of {good + bad}, {time.monotonic() - started:.1f} s", flush=True)
    finally:
        for server in servers.values():
            status = server.stop()
            if server.make == "ours" and status != 0:
                print(f"FAIL {server.name} ended with status {status}; see {server.log.name}")
                failed += 1
    if args.counts:
        with args.counts.open("a", encoding="utf-8") as file:
            file.write(f"{passed} {failed} 0\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def run_row(row: str, make: str, run, way: Way, server: Server, ca: pathlib.Path, work: pathlib.Path) -> tuple[int, int]:
    scenarios = [s for s in SCENARIOS if tools.can(make, server.make, way, s)]
    table = work / "scenarios.json"
    plain = [{key: value for key, value in s.items() if key != "needs"} for s in scenarios]
    table.write_text(json.dumps({"scenarios": plain}), encoding="utf-8")
    url = server.urls["https" if way.tls else "http"]
    try:
        outcomes = run(way, url, ca, table, scenarios)
    except subprocess.TimeoutExpired:
        print("    did not end in time")
        outcomes = {}
    good = bad = 0
    for scenario in scenarios:
        wanted = expected_outcome(scenario, make, server.make, way.protocol)
        faults = differences(wanted, outcomes.get(scenario["name"]))
        if faults:
            bad += 1
            if bad <= 5:
                print(f"  {row}: {scenario['name']}")
                for fault in faults:
                    print(f"    {fault[:400]}")
        else:
            good += 1
    return good, bad


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    sys.exit(main())

#!/usr/bin/env python3
"""Asks greet_server's health and reflection with programs that no one here wrote, and with grpc-go's and grpc++'s stubs."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import typing

from cases import Cases, run
from ends import Server

SERVICES = [
    "greet.v1.GreetService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
]
GREETER = SERVICES[0]

# What the programs with stubs print; from the watch of GREETER on until the server has gone.
STUBS = f"""check "": SERVING
check "{GREETER}": SERVING
check "acme.Unknown": NotFound
list: "" SERVING, "{GREETER}" SERVING
v1 services: {" ".join(SERVICES)}
v1 file: greet/v1/greet.proto
v1 no file: 5
v1alpha file: greet/v1/greet.proto
watch "acme.Unknown": SERVICE_UNKNOWN
watch "{GREETER}": SERVING
"""
STUBS_END = f"""watch "{GREETER}": NOT_SERVING
watch "{GREETER}": Unavailable
"""


def parsed(text: str) -> typing.Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def ask_with_grpcurl(program: str, url: str, cases: Cases) -> None:
    host = url.removeprefix("http://")

    def ask(*words: str) -> tuple[int, str, str]:
        return run(program, "-plaintext", "-max-time", "20", *words)

    cases.check("grpcurl list", SERVICES, ask(host, "list")[1].split())
    described = ask(host, "describe", GREETER)[1]
    cases.check("grpcurl describe", True, f"{GREETER} is a service:" in described and "rpc GreetMany" in described)
    greeting = ask("-d", '{"name": "Ada"}', host, f"{GREETER}/Greet")[1]
    cases.check("grpcurl calls by reflection", {"greeting": "Hello, Ada!"}, parsed(greeting))
    for service in ("", GREETER):
        status = ask("-d", json.dumps({"service": service}), host, "grpc.health.v1.Health/Check")[1]
        cases.check(f'grpcurl health of "{service}"', {"status": "SERVING"}, parsed(status))
    code, _, complaint = ask("-d", '{"service": "acme.Unknown"}', host, "grpc.health.v1.Health/Check")
    cases.check("grpcurl health of an unknown service", (64 + 5, True), (code, "Code: NotFound" in complaint))
    listed = parsed(ask(host, "grpc.health.v1.Health/List")[1])
    cases.check("grpcurl health list", {"statuses": {name: {"status": "SERVING"} for name in ("", GREETER)}}, listed)
    code, first, _ = run(program, "-plaintext", "-max-time", "1", "-d", '{"service": "acme.Unknown"}', host,
                         "grpc.health.v1.Health/Watch")
    cases.check("grpcurl watch", (64 + 4, {"status": "SERVICE_UNKNOWN"}), (code, parsed(first)))


def ask_with_buf(program: str, url: str, cases: Cases) -> None:
    for reflection in ("grpc-v1", "grpc-v1alpha"):
        for protocol in ("connect", "grpc", "grpcweb"):
            flags = ["--http2-prior-knowledge", "--protocol", protocol, "--reflect-protocol", reflection]
            what = f"buf curl, {protocol}, reflection {reflection}"
            greeting = run(program, "curl", *flags, "-d", '{"name": "Ada"}', f"{url}/{GREETER}/Greet")[1]
            cases.check(what, {"greeting": "Hello, Ada!"}, parsed(greeting))
            status = run(program, "curl", *flags, "-d", "{}", f"{url}/grpc.health.v1.Health/Check")[1]
            cases.check(f"{what}, health", {"status": "SERVING"}, parsed(status))
    listed = run(program, "curl", "--http2-prior-knowledge", "--list-services", url)[1]
    cases.check("buf curl --list-services", SERVICES, listed.split())


def ask_with_stubs(name: str, program: pathlib.Path, bin_dir: pathlib.Path, work: pathlib.Path, cases: Cases) -> None:
    """Their watch ends with the server."""
    server = Server(f"greet-{name}", "ours", [bin_dir / "greet_server", "--port", "0"], work, {})
    server.wait()
    url = server.urls["http"]
    flag = "--url"
    client = subprocess.Popen([program, flag, url], stdout=subprocess.PIPE, text=True)
    try:
        said = ""
        for line in client.stdout:
            said += line
            if line == STUBS.splitlines(keepends=True)[-1]:
                break
        cases.check(f"{name}", STUBS, said)
        status = server.stop()
        cases.check(f"{name}: the server ends while it is watched", 0, status)
        cases.check(f"{name}: the watch ends with the server", STUBS_END, client.stdout.read())
        cases.check(f"{name} ends", 0, client.wait(timeout=30))
    finally:
        client.kill()
        client.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where greet_server is")
    parser.add_argument("--grpcurl")
    parser.add_argument("--buf")
    parser.add_argument("--go", type=pathlib.Path, help="what interop/go/build.sh has made")
    parser.add_argument("--grpcpp", type=pathlib.Path, help="where interop_grpcpp_services is")
    parser.add_argument("--counts", type=pathlib.Path)
    args = parser.parse_args()
    cases = Cases()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        server = Server("greet", "ours", [args.bin / "greet_server", "--port", "0"], work, {})
        server.wait()
        url = server.urls["http"]
        if args.grpcurl:
            ask_with_grpcurl(args.grpcurl, url, cases)
        if args.buf:
            ask_with_buf(args.buf, url, cases)
        cases.check("greet_server ends well", 0, server.stop())
        if args.go:
            ask_with_stubs("grpc-go", args.go / "bin" / "services", args.bin, work, cases)
        if args.grpcpp:
            ask_with_stubs("grpc++", args.grpcpp / "interop_grpcpp_services", args.bin, work, cases)
    return cases.conclude("services", args.counts)


if __name__ == "__main__":
    sys.exit(main())

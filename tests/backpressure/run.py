#!/usr/bin/env python3
"""Shows back-pressure with figures: a server and a client, each a process, over every wire and in both directions."""

import argparse
import pathlib
import subprocess
import sys

WIRES = [("connect", "1.1"), ("connect", "2"), ("grpc", "2")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, type=pathlib.Path, help="where our programs are")
    parser.add_argument("--counts", type=pathlib.Path, help="file to append 'passed failed skipped' to")
    parser.add_argument("--mebibytes", type=int, default=1024, help="how much flows at full speed")
    args = parser.parse_args()
    passed = failed = 0
    for direction in ("down", "up"):
        for protocol, version in WIRES:
            print(f"{protocol}, HTTP/{version}, {direction}:", flush=True)
            if show(args, direction, protocol, version):
                passed += 1
            else:
                failed += 1
    print(f"backpressure: {passed} passed, {failed} failed", flush=True)
    if args.counts:
        with args.counts.open("a", encoding="utf-8") as file:
            file.write(f"{passed} {failed} 0\n")
    return 1 if failed else 0


def show(args, direction: str, protocol: str, version: str) -> bool:
    with subprocess.Popen([args.bin / "backpressure_server"], stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip()
            command = [args.bin / "backpressure_client", url, str(server.pid), direction, protocol, version]
            done = subprocess.run([*command, str(args.mebibytes)], timeout=120, check=False)
            return done.returncode == 0
        except subprocess.TimeoutExpired:
            print("  FAILED: it took too long", flush=True)
            return False
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    sys.exit(main())

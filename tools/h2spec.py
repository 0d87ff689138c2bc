#!/usr/bin/env python3
"""Runs h2spec, strict cases included, against a server program that prints its address on its first line, and counts
its cases. There is no list of known failures."""

import argparse
import pathlib
import re
import select
import subprocess
import sys
import urllib.parse

# Fewer would mean that the judge left some out.
CASES = 146


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judge", required=True, help="h2spec")
    parser.add_argument("--counts", type=pathlib.Path, help="file to append 'passed failed skipped' to")
    parser.add_argument("--timeout", type=int, default=240, help="seconds for all cases")
    parser.add_argument("command", nargs="+", help="the server")
    args = parser.parse_args()

    with subprocess.Popen(args.command, stdout=subprocess.PIPE) as server:
        try:
            ready, _, _ = select.select([server.stdout], [], [], 20)
            line = server.stdout.readline().decode().split() if ready else []
            port = urllib.parse.urlsplit(line[0]).port if line else None
            output = judge(args, port) if port else "the server printed no address within 20 s\n"
        finally:
            server.terminate()
            try:
                status = server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                status = server.wait()
    passed, failed = read_counts(output)
    if status != 0:
        output += f"the server ended with status {status}\n"
        failed += 1
    if failed:
        print(output[-20000:])
    print(f"h2spec: {passed} passed, {failed} failed", flush=True)
    if args.counts:
        with args.counts.open("a", encoding="utf-8") as file:
            file.write(f"{passed} {failed} 0\n")
    return 1 if failed else 0


def judge(args, port: int) -> str:
    command = [args.judge, "--strict", "--host", "127.0.0.1", "--port", str(port)]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=args.timeout, check=False
        )
        return done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as expired:
        return (expired.stdout or b"").decode(errors="replace") + "\nended: it took too long\n"


def read_counts(output: str) -> tuple[int, int]:
    """What is not known to have passed has failed, cases that were skipped or left out included."""
    found = re.search(r"(\d+) tests, (\d+) passed, \d+ skipped, \d+ failed", output)
    if not found:
        return 0, CASES
    passed = int(found[2])
    return passed, max(CASES, int(found[1])) - passed


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs the Connect conformance suite once against a program and counts its cases. There is no list of known failures."""

import argparse
import pathlib
import re
import subprocess
import sys
import time


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", required=True, help="connectconformance")
    parser.add_argument("--config", required=True)
    parser.add_argument("--mode", required=True, choices=["server", "client"])
    parser.add_argument("--run", help="only cases that match this pattern of the suite")
    parser.add_argument("--without", help="no cases that match this pattern of the suite")
    parser.add_argument("--counts", type=pathlib.Path, help="file to append 'passed failed skipped' to")
    parser.add_argument("--timeout", type=int, default=600, help="seconds")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()

    command = [args.runner, "--conf", args.config, "--mode", args.mode, *(["--run", args.run] if args.run else [])]
    command += ["--skip", args.without] if args.without else []
    started = time.monotonic()
    try:
        done = subprocess.run(
            [*command, "--", *args.command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=args.timeout,
            check=False,
        )
        output, status = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as expired:
        output, status = (expired.stdout or b"").decode(errors="replace") + "\nended: it took too long\n", -1
    # "Total cases: 10756", then "10756 passed, 0 failed".
    found = re.search(r"(\d+) passed, (\d+) failed", output)
    passed, failed = (int(found[1]), int(found[2])) if found else (0, 1)
    if status != 0 and failed == 0:
        failed = 1
    if failed:
        print(output[-20000:])
    name = " ".join([pathlib.Path(args.command[0]).name, *args.command[1:]])
    print(f"{name}: {passed} passed, {failed} failed in {time.monotonic() - started:.0f} s", flush=True)
    if args.counts:
        with args.counts.open("a", encoding="utf-8") as file:
            file.write(f"{passed} {failed} 0\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs the Connect conformance suite once against a program and counts its cases. There is no list of known failures.

One failure is looked into again, by the same case run alone: see overtaken()."""

import argparse
import pathlib
import re
import subprocess
import sys
import time

TRIES = 3  # of an overtaken case alone; on a busy machine one in 150 is overtaken


def overtaken(output: str) -> list[str]:
    """The failed cases, if each of them is one that the suite's client judged by an answer it had not read to its end.

    In server mode a Connect unary case of `Timeouts` that the server ends on time is answered within a millisecond of the
    client's own deadline. Where that passes between the head of the answer and its body, the client gives up reading, ends the
    call with the right code, and still holds the bytes it had not read against the server (docs/testing.md, "Conformance").
    Empty if any case failed in another way."""
    cases = []
    for failure in re.finditer(r"^FAILED: (\S+):\n((?:\t.*\n?)*)", output, re.MULTILINE):
        name, why = failure[1], failure[2].split("\n")
        named = re.fullmatch(r"Timeouts/.*/Protocol:PROTOCOL_CONNECT/.*/unary", name)
        if not named or [line.strip() for line in why if line.strip()] != ["connect error JSON: unexpected end of JSON input"]:
            return []
        cases.append(name)
    return cases


def counted(output: str) -> tuple[int, int]:
    """How many cases passed and failed: "Total cases: 10756", then "10756 passed, 0 failed"."""
    found = re.search(r"(\d+) passed, (\d+) failed", output)
    return (int(found[1]), int(found[2])) if found else (0, 1)


def run(command: list[str], timeout: int) -> tuple[str, int, int]:
    """What the suite printed, and how many cases passed and failed; at least one if it says that it failed."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)
        output, status = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as expired:
        output, status = (expired.stdout or b"").decode(errors="replace") + "\nended: it took too long\n", -1
    passed, failed = counted(output)
    return output, passed, max(failed, 1) if status != 0 else failed


def passes_alone(suite: list[str], program: list[str], case: str, timeout: int) -> bool:
    for _ in range(TRIES):
        output, passed, failed = run([*suite, "--run", case, "--", *program], timeout)
        if (passed, failed) == (1, 0):
            return True
        if overtaken(output) != [case]:
            break
    return False


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

    suite = [args.runner, "--conf", args.config, "--mode", args.mode]
    chosen = [*(["--run", args.run] if args.run else []), *(["--skip", args.without] if args.without else [])]
    started = time.monotonic()
    output, passed, failed = run([*suite, *chosen, "--", *args.command], args.timeout)
    name = " ".join([pathlib.Path(args.command[0]).name, *args.command[1:]])
    if failed:
        print(output[-20000:])
    cases = overtaken(output) if args.mode == "server" else []
    if len(cases) == failed:
        for case in cases:
            if passes_alone(suite, args.command, case, args.timeout):
                print(f"{name}: {case} was judged before its answer had been read; it passes alone")
                passed, failed = passed + 1, failed - 1
    print(f"{name}: {passed} passed, {failed} failed in {time.monotonic() - started:.0f} s", flush=True)
    if args.counts:
        with args.counts.open("a", encoding="utf-8") as file:
            file.write(f"{passed} {failed} 0\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs the Connect conformance suite once against a program and counts its cases. There is no list of known failures.

Failures that come of races in the suite itself are looked into again, by the same case run alone: see RACES."""

import argparse
import pathlib
import re
import subprocess
import sys
import time
from typing import NamedTuple


class Race(NamedTuple):
    """One of the suite itself, which its own programs lose, too. What happens, and how often: docs/testing.md."""

    mode: str
    cases: str
    complaint: str
    # What may stand beside the complaint.
    consequences: tuple[str, ...] = ()

    def explains(self, mode: str, case: str, complaints: list[str]) -> bool:
        """Whether that failed for this race, and for nothing else."""
        others = [line for line in complaints if not re.fullmatch(self.complaint, line)]
        return (
            self.mode == mode
            and re.fullmatch(self.cases, case) is not None
            and len(others) < len(complaints)
            and all(any(re.fullmatch(text, line) for text in self.consequences) for line in others)
        )


RACES = [
    # The suite's client gives up reading at its own deadline and takes the body that it has not read for an empty one.
    Race(
        mode="server",
        cases=r"Timeouts/.*/Protocol:PROTOCOL_CONNECT/.*/unary",
        complaint=r"connect error JSON: unexpected end of JSON input",
    ),
    # The suite's server over grpc-go sends headers while it reads, upon which Go's HTTP/1.1 takes the body from it.
    Race(
        mode="client",
        cases=r".*/HTTPVersion:1/Protocol:PROTOCOL_GRPC_WEB/.*/\(grpc server impl\)/bidi-stream/half-duplex/.*",
        complaint=r".*(CODE_UNAVAILABLE|\(unavailable\)).*\"http: invalid Read on closed Body\".*",
        consequences=(r"received an unexpected error:", r"expecting \d+ response messages but instead got 0"),
    ),
]
TRIES = 3  # of such a case alone; on a busy machine one in 150 loses


def raced(output: str, mode: str) -> list[str]:
    """The failed cases, if one of RACES explains each of them; none if any failed in another way."""
    cases = []
    for failure in re.finditer(r"^FAILED: (.+):\n((?:\t.*\n?)*)", output, re.MULTILINE):
        complaints = [line.strip() for line in failure[2].split("\n") if line.strip()]
        if not any(race.explains(mode, failure[1], complaints) for race in RACES):
            return []
        cases.append(failure[1])
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


def passes_alone(suite: list[str], mode: str, program: list[str], case: str, timeout: int) -> bool:
    for _ in range(TRIES):
        output, passed, failed = run([*suite, "--run", case, "--", *program], timeout)
        if (passed, failed) == (1, 0):
            return True
        if raced(output, mode) != [case]:
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
    cases = raced(output, args.mode)
    if len(cases) == failed:
        for case in cases:
            if passes_alone(suite, args.mode, args.command, case, args.timeout):
                print(f"{name}: {case} lost a race of the suite's own; it passes alone")
                passed, failed = passed + 1, failed - 1
    print(f"{name}: {passed} passed, {failed} failed in {time.monotonic() - started:.0f} s", flush=True)
    if args.counts:
        with args.counts.open("a", encoding="utf-8") as file:
            file.write(f"{passed} {failed} 0\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

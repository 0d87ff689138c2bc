#!/usr/bin/env python3
"""Counts the instructions of a call in fixed scenarios with callgrind and holds them to budget.json, so that a loss of
speed shows on a busy machine, too. The count is the difference of two runs: starting up is no part of it."""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FEW, MANY = 200, 600
FEW_STREAMS, MANY_STREAMS = 8, 16  # of a thousand messages each
HERE = Path(__file__).resolve().parent


def instructions(program: Path, scenario: str, calls: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--log-file={log}",
                   program, scenario, str(calls)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        told = log.read_text() if log.exists() else ""
    found = re.search(r"Collected : (\d+)", told)
    if ran.returncode != 0 or not found:
        raise RuntimeError(f"{scenario}: {(ran.stderr or told).strip()[-300:]}")
    return int(found[1])


def of_a_call(program: Path, scenario: str) -> int:
    few, many = (FEW_STREAMS, MANY_STREAMS) if scenario.endswith(("stream", "chat")) else (FEW, MANY)
    return round((instructions(program, scenario, many) - instructions(program, scenario, few)) / (many - few))


def verdict(counted: int, budget: int | None, tolerance: float) -> str:
    """Empty if the count is within the budget."""
    if budget is None:
        return "has no budget"
    if counted > budget * (1 + tolerance):
        return f"{counted / budget - 1:.1%} more than the budget"
    if counted < budget * (1 - tolerance):
        return f"{1 - counted / budget:.1%} less than the budget: good; write the new one down, so that it is kept"
    return ""


def difference_fault(counts: dict[str, int], scenario: str, over: str, at_most: int) -> tuple[str, int]:
    """What `scenario` costs more than `over`: a fault, or empty, and the number."""
    more = counts[scenario] - counts[over]
    return f"{more - at_most:,} more than it may" if more > at_most else "", more


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True, help="bench_budget of a release build")
    parser.add_argument("--budget", type=Path, default=HERE / "budget.json")
    parser.add_argument("--only", default="", help="regular expression: scenarios")
    parser.add_argument("--update", action="store_true", help="write what was counted as the new budget")
    parser.add_argument("--counts", type=Path, help="append 'passed failed skipped' to this file")
    args = parser.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not here", file=sys.stderr)
        return 2
    book = json.loads(args.budget.read_text()) if args.budget.exists() else {}
    book = {"tolerance": 0.05, "instructions": {}, "differences": []} | book
    budgets = book["instructions"]
    scenarios = subprocess.run([args.program], capture_output=True, text=True, check=True).stdout.split()
    chosen = [scenario for scenario in scenarios if re.search(args.only, scenario)]
    passed = failed = 0
    counts: dict[str, int] = {}
    print(f"{'scenario':34} {'a call':>10} {'budget':>10}")
    for scenario in chosen:
        try:
            counted = of_a_call(args.program, scenario)
        except RuntimeError as error:
            print(error, flush=True)
            failed += 1
            continue
        counts[scenario] = counted
        fault = "" if args.update else verdict(counted, budgets.get(scenario), book["tolerance"])
        print(f"{scenario:34} {counted:10,} {budgets.get(scenario, 0):10,}  {fault}", flush=True)
        passed, failed = passed + (not fault), failed + bool(fault)
        if args.update:
            budgets[scenario] = counted
    # What one thing costs drowns in the tolerance of a whole call.
    for rule in book["differences"]:
        if rule["scenario"] not in counts or rule["over"] not in counts:
            continue
        fault, more = difference_fault(counts, **rule)
        name = f"  {rule['scenario']} over {rule['over']}"
        print(f"{name:56} {more:10,}, at most {rule['at_most']:,}  {fault}", flush=True)
        passed, failed = passed + (not fault), failed + bool(fault)
    for name in sorted(set(budgets) - set(scenarios)):
        if args.update:
            del budgets[name]
        else:
            print(f"{name:34} is in {args.budget.name}, but is no scenario")
            failed += 1
    if args.update:
        args.budget.write_text(json.dumps(book, indent=2) + "\n")
    if failed and not args.update:
        print("If the change is meant: ./dev bench budget --update, and say in the commit why.")
    if args.counts:
        with args.counts.open("a", encoding="utf-8") as file:
            file.write(f"{passed} {failed} 0\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

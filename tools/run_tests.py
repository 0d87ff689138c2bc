#!/usr/bin/env python3
"""Runs the tests of a build folder and counts test cases: a GoogleTest program counts by its own report, any other test
of ctest as one case. Appends 'passed failed skipped' to a file."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

Counts = tuple[int, int, int]  # passed, failed, skipped


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path, help="the build folder")
    parser.add_argument("--counts", required=True, type=pathlib.Path)
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--only", help="regular expression: only tests of ctest whose name matches")
    parser.add_argument("--without", help="regular expression: no tests of ctest whose name matches")
    parser.add_argument("--scenarios", type=pathlib.Path, help="in place of ctest: lines of 'program gtest-filter'")
    parser.add_argument("--repeat", type=int, default=1, help="repeat the cases of GoogleTest programs, shuffled")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for one test that names no limit of its own")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        reports = pathlib.Path(folder)
        if args.scenarios:
            results = run_scenarios(args, reports)
        else:
            results = run_ctest(args, reports)
    passed, failed, skipped = (sum(column) for column in zip(*results, (0, 0, 0)))
    if not results:
        print("no such test was built")
        failed = 1
    with args.counts.open("a", encoding="utf-8") as file:
        file.write(f"{passed} {failed} {skipped}\n")
    print(f"{passed} cases passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def run_ctest(args: argparse.Namespace, reports: pathlib.Path) -> list[Counts]:
    base = ["ctest", "--test-dir", args.build]
    base += ["-R", args.only] if args.only else []
    base += ["-E", args.without] if args.without else []
    listed = json.loads(subprocess.run([*base, "--show-only=json-v1"], check=True, capture_output=True).stdout)
    programs = {test["name"]: pathlib.Path(test["command"][0]).name for test in listed["tests"] if "command" in test}
    if not listed["tests"]:
        return []
    # A program that ctest was never told of would be a test that silently does not run.
    known = {pathlib.Path(word).name for test in all_tests(args.build) for word in test.get("command", [])}
    forgotten = sorted(p.name for p in (args.build / "bin").glob("test_*") if p.name not in known)
    if forgotten:
        print("built, but not known to ctest:", *forgotten)
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{reports}/", GTEST_COLOR="no")
    if args.repeat > 1:
        environment |= {"GTEST_REPEAT": str(args.repeat), "GTEST_SHUFFLE": "1"}
    run = [*base, "-j", args.jobs, "--timeout", str(args.timeout), "--output-on-failure", "--output-junit"]
    subprocess.run([*run, reports / "ctest.junit"], env=environment, check=False)

    results = [(0, 1, 0) for _ in forgotten]
    for case in ElementTree.parse(reports / "ctest.junit").getroot().iter("testcase"):
        name, status = case.get("name", ""), case.get("status")
        if status == "fail":
            print(f"\n-- why {name} failed:", *why(case.findtext("system-out") or ""), sep="\n   ")
        report = reports / f"{programs.get(name, '')}.xml"
        if report.exists():
            results.append(gtest_counts(report, status != "fail"))
        else:
            results.append({"run": (1, 0, 0), "fail": (0, 1, 0)}.get(status, (0, 0, 1)))
    return results


def why(output: str) -> list[str]:
    """The lines of a failed test's output that tell most: a sanitizer's report with the case it struck, or else each
    failed case with what GoogleTest says, or else the last lines."""
    lines = [line[:300] for line in output.splitlines()]
    for at, line in enumerate(lines):
        if "runtime error: " in line or "ERROR: " in line or "WARNING: ThreadSanitizer" in line:
            started = [before for before in lines[:at] if before.startswith("[ RUN ")]
            return [*started[-1:], *lines[at : at + 20]]
    failed = [at for at, line in enumerate(lines) if "Failure" in line]
    if failed:
        return [shown for at in failed[:5] for shown in lines[at : at + 6]]
    return lines[-20:]


def all_tests(build: pathlib.Path) -> list[dict]:
    listed = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True)
    return json.loads(listed.stdout)["tests"]


def run_scenarios(args: argparse.Namespace, reports: pathlib.Path) -> list[Counts]:
    results = []
    for line in args.scenarios.read_text().splitlines():
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        program, gtest_filter = words
        print(f"-- {program} {gtest_filter}", flush=True)
        report = reports / f"{program}.{len(results)}.xml"
        command = [args.build / "bin" / program, f"--gtest_filter={gtest_filter}", f"--gtest_output=xml:{report}"]
        try:
            good = subprocess.run(command, timeout=args.timeout, check=False).returncode == 0
        except (subprocess.TimeoutExpired, OSError) as error:
            print(error)
            good = False
        counts = gtest_counts(report, good) if report.exists() else (0, 1, 0)
        if counts == (0, 0, 0):
            print("the filter finds no test")
            counts = (0, 1, 0)
        results.append(counts)
    return results


def gtest_counts(report: pathlib.Path, program_succeeded: bool) -> Counts:
    good = bad = left_out = 0
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.find("failure") is not None:
            bad += 1
        elif case.get("status") == "notrun" or case.get("result") == "skipped":
            left_out += 1
        else:
            good += 1
    if not program_succeeded and bad == 0:
        bad = 1  # all cases passed and the program still failed: a crash, or a leak at its end
    return good, bad, left_out


if __name__ == "__main__":
    sys.exit(main())

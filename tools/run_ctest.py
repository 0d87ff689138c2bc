#!/usr/bin/env python3
"""Runs ctest and counts test cases: a GoogleTest program counts by its report, any other test as one case."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--work", required=True, help="an empty folder for reports")
    parser.add_argument("--counts", required=True, help="file to append 'passed failed skipped' to")
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--label", help="only tests with a label that matches")
    parser.add_argument("--exclude-label", help="no tests with a label that matches")
    parser.add_argument("--repeat", type=int, default=1, help="repeat the cases of GoogleTest programs, shuffled")
    parser.add_argument("--timeout", default="300", help="seconds for one test that names no limit of its own")
    args = parser.parse_args()

    choice = []
    if args.label:
        choice += ["-L", f"^({args.label})$"]
    if args.exclude_label:
        choice += ["-LE", f"^({args.exclude_label})$"]
    base = ["ctest", "--test-dir", args.build, *choice]
    listed = json.loads(subprocess.run([*base, "--show-only=json-v1"], check=True, capture_output=True).stdout)
    programs = {test["name"]: pathlib.Path(test["command"][0]).name for test in listed["tests"] if "command" in test}
    if not listed["tests"]:
        print("no such test was built")
        append(args.counts, 0, 1, 0)
        return 1

    work = pathlib.Path(args.work).resolve()
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{work}/", GTEST_COLOR="no")
    if args.repeat > 1:
        environment |= {"GTEST_REPEAT": str(args.repeat), "GTEST_SHUFFLE": "1"}
    subprocess.run(
        [*base, "-j", args.jobs, "--timeout", args.timeout, "--output-on-failure", "--output-junit", work / "ctest.xml"],
        env=environment,
        check=False,
    )

    passed = failed = skipped = 0
    for case in ElementTree.parse(work / "ctest.xml").getroot().iter("testcase"):
        name, status = case.get("name", ""), case.get("status")
        report = work / f"{programs.get(name, '')}.xml"
        if report.exists():
            good, bad, left_out = gtest_counts(report)
        else:
            good, bad, left_out = (1, 0, 0) if status == "run" else (0, 1, 0) if status == "fail" else (0, 0, 1)
        if status == "fail" and bad == 0:
            bad = 1  # all cases passed and the program still failed: a crash or a leak at its end
        passed, failed, skipped = passed + good, failed + bad, skipped + left_out
    append(args.counts, passed, failed, skipped)
    print(f"{passed} cases passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def gtest_counts(report: pathlib.Path) -> tuple[int, int, int]:
    good = bad = left_out = 0
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.find("failure") is not None:
            bad += 1
        elif case.get("status") == "notrun" or case.get("result") == "skipped":
            left_out += 1
        else:
            good += 1
    return good, bad, left_out


def append(path: str, passed: int, failed: int, skipped: int) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{passed} {failed} {skipped}\n")


if __name__ == "__main__":
    sys.exit(main())

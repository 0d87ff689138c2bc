#!/usr/bin/env python3
"""docs/metadata-contract.md: every row of the contract is there, and every test that it names exists."""

import argparse
import pathlib
import re
import sys

ROWS = (
    [f"H{n}" for n in range(1, 7)]
    + [f"S{n}" for n in range(1, 7)]
    + [f"C{n}" for n in range(1, 7)]
    + ["§5", "§6"]
    + [str(n) for n in range(1, 15)]
)
ROW = re.compile(r"^\| (\S+) \| (.+) \| (.*) \|$")
NAME = re.compile(r"`([^`]+)`")
TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)


def check_page(text: str, tests: set[str], files: set[str]) -> list[str]:
    faults = []
    seen = []
    for number, line in enumerate(text.splitlines(), 1):
        row = ROW.match(line)
        if not row or row.group(1) == "Row":
            continue
        seen.append(row.group(1))
        names = NAME.findall(row.group(3))
        if not names:
            faults.append(f"line {number}: row {row.group(1)} names no test")
        for name in names:
            if name not in tests and name not in files:
                faults.append(f"line {number}: row {row.group(1)} names {name}, which is no test")
    faults += [f"row {row} is missing" for row in ROWS if row not in seen]
    faults += [f"row {row} is there twice" for row in sorted(set(seen)) if seen.count(row) > 1]
    faults += [f"there is no row {row} in the contract" for row in sorted(set(seen)) if row not in ROWS]
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    sources = [*root.glob("src/**/*_test.cc"), *root.glob("tests/**/*_test.cc")]
    tests = {".".join(pair) for path in sources for pair in TEST.findall(path.read_text(encoding="utf-8"))}
    files = {str(path.relative_to(root / "tests")) for path in root.glob("tests/must_not_compile/*.cc")}
    page = root / "docs" / "metadata-contract.md"
    faults = check_page(page.read_text(encoding="utf-8"), tests, files)
    for fault in faults:
        print(f"{page.name}: {fault}", file=sys.stderr)
    print(f"contract: {len(ROWS)} rows, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What must not stand in a tracked file: paths of one machine, hosts of package registries, unfinished work."""

import argparse
import pathlib
import re
import subprocess
import sys

# Each pattern is written so that it does not match itself.
EVERYWHERE = [
    (re.compile(r"(^|[^A-Za-z0-9_.])/(home|root|work|Users)/"), "a path of one machine"),
    (re.compile(r"://[a-z0-9.-]*(npm|pypi|crate|golang|maven|debian)"), "the host of a package registry"),
    (re.compile(r'"resolved": "htt[p]|registry\+htt[p]'), "a lock file that names a registry's host"),
]
IN_CODE = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\|)"), "unfinished work; finish it or write it into an issue"),
]
CODE = {".h", ".cc", ".cmake", ".proto", ".go", ".sh"}


def check_text(name: str, text: str) -> list[str]:
    faults = []
    suffix = pathlib.PurePath(name).suffix
    patterns = EVERYWHERE + (IN_CODE if suffix in CODE else [])
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for pattern, what in patterns:
            if pattern.search(line):
                faults.append(f"{name}:{number}: {what}: {line.strip()[:120]}")
    if suffix in (".h", ".cc") and not (lines and lines[0].startswith("//")):
        faults.append(f"{name}:1: the first line says in a comment what the file is")
    if suffix == ".h" and "#pragma once" not in lines:
        faults.append(f"{name}: no #pragma once")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    args = parser.parse_args()
    listed = subprocess.run(["git", "-C", args.root, "ls-files", "-z"], check=True, capture_output=True).stdout
    names = [name for name in listed.decode().split("\0") if name]
    faults = []
    for name in names:
        path = args.root / name
        if not path.is_file():
            continue  # deleted, not yet committed
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        # What the generator wrote begins as the generator decided.
        if "golden" in path.parts and path.suffix in (".h", ".cc"):
            continue
        faults += check_text(name, text)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"tree: {len(names)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

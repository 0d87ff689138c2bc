#!/usr/bin/env python3
"""clang-tidy over our own sources, several at once; needs a build folder with compile_commands.json."""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--checks", help="in place of those of .clang-tidy")
    parser.add_argument("files", nargs="*", help="only these; default: every .cc of ours that is built")
    args = parser.parse_args()

    build = args.build.resolve()
    commands = json.loads((build / "compile_commands.json").read_text())
    built = {pathlib.Path(entry["directory"], entry["file"]).resolve() for entry in commands}
    ours = sorted(path for path in built if path.is_relative_to(root) and not path.is_relative_to(root / "build"))
    if args.files:
        wanted = {pathlib.Path(name).resolve() for name in args.files}
        ours = [path for path in ours if path in wanted]
        if missing := wanted - set(ours):
            print("not built, so not linted:", *sorted(missing), file=sys.stderr)
            return 1

    def lint(path: pathlib.Path) -> tuple[pathlib.Path, int, str]:
        command = ["clang-tidy-19", "-p", build, "--quiet", *([f"--checks={args.checks}"] if args.checks else []), path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        return path, done.returncode, done.stdout + "".join(
            line + "\n" for line in done.stderr.splitlines() if "error" in line
        )

    faulty = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for path, status, output in pool.map(lint, ours):
            if status != 0:
                faulty += 1
                print(output.strip(), flush=True)
                print(f"-- {path.relative_to(root)}", flush=True)
    print(f"lint: {len(ours)} files, {faulty} with faults")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())

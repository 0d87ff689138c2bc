#!/usr/bin/env python3
"""Holds the sources to tools/layers.txt: which layer includes which, and what from outside."""

import argparse
import dataclasses
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
PUBLIC = "connectrpc/"


@dataclasses.dataclass
class Layer:
    name: str
    uses: set[str] = dataclasses.field(default_factory=set)  # with all that these may use
    tests: set[str] = dataclasses.field(default_factory=set)
    public: set[str] = dataclasses.field(default_factory=set)
    outside: list[str] = dataclasses.field(default_factory=list)


class RuleError(Exception):
    """The rule file itself is wrong."""


def read_rules(path: pathlib.Path) -> tuple[dict[str, Layer], list[str]]:
    layers: dict[str, Layer] = {}
    any_test: list[str] = []
    current: Layer | None = None
    owner: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue

        def wrong(why: str) -> RuleError:
            return RuleError(f"{path}:{number}: {why}")

        key, rest = words[0], words[1:]
        if key == "any-test" and rest[:1] == ["outside"]:
            any_test += rest[1:]
        elif key == "layer" and len(rest) == 1:
            if rest[0] in layers:
                raise wrong(f"layer {rest[0]} is there twice")
            current = layers[rest[0]] = Layer(rest[0])
        elif current is None:
            raise wrong(f'"{key}" before the first layer')
        elif key in ("uses", "tests"):
            for name in rest:
                if name not in layers or name == current.name:
                    raise wrong(f"{current.name} names {name}, which does not stand above it")
                target = current.uses if key == "uses" else current.tests
                target |= {name} | layers[name].uses
        elif key == "public":
            for name in rest:
                if name in owner:
                    raise wrong(f"{name} belongs to {owner[name]} already")
                owner[name] = current.name
                current.public.add(name)
        elif key == "outside":
            current.outside += rest
        else:
            raise wrong(f'do not know "{key}"')
    return layers, any_test


def allowed(header: str, patterns: list[str]) -> bool:
    return any(header.startswith(p) if p.endswith("/") else header == p for p in patterns)


def is_test_file(name: str) -> bool:
    """frames_test.cc, and what tests share: test_support.h, frames_testlib.h."""
    stem = name.rsplit(".", 1)[0]
    return stem.endswith(("_test", "_testlib")) or stem.startswith("test_")


def is_standard(header: str) -> bool:
    """<vector>, <cstdint>: no folder and no suffix."""
    return "/" not in header and "." not in header


def check(root: pathlib.Path, layers: dict[str, Layer], any_test: list[str]) -> tuple[list[str], int]:
    faults: list[str] = []
    owner = {name: layer for layer in layers.values() for name in layer.public}
    files: list[tuple[pathlib.Path, Layer, bool]] = []
    for folder in sorted((root / "src").iterdir()):
        if not folder.is_dir():
            continue
        sources = sorted(p for p in folder.rglob("*") if p.suffix in (".h", ".cc"))
        if sources and folder.name not in layers:
            faults.append(f"src/{folder.name}: no layer of that name in layers.txt")
            continue
        files += [(p, layers[folder.name], False) for p in sources]
    public = root / "include" / "connectrpc"
    for path in sorted(public.rglob("*.h")):
        name = path.relative_to(public).as_posix()
        if name not in owner:
            faults.append(f"include/connectrpc/{name}: belongs to no layer; name it after `public` in layers.txt")
            continue
        files.append((path, owner[name], True))

    for path, layer, is_public in files:
        where = path.relative_to(root).as_posix()
        is_test = is_test_file(path.name)
        reach = {layer.name} | layer.uses | (layer.tests if is_test else set())
        outside = list(layer.outside)
        if is_test:
            outside += any_test + [p for name in reach for p in layers[name].outside]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quote, header = match.groups()

            def fault(why: str) -> None:
                faults.append(f"{where}:{number}: {why}")

            first = header.split("/", 1)[0]
            if quote == "<":
                if not is_standard(header) and not allowed(header, outside):
                    fault(f"{layer.name} may not include <{header}> (not among its `outside`)")
            elif header.startswith(PUBLIC):
                target = owner.get(header[len(PUBLIC) :])
                if target is None:
                    fault(f'no layer has "{header}"')
                elif target.name not in reach:
                    fault(f'{layer.name} may not include "{header}", which belongs to {target.name}')
            elif is_public:
                fault(f'a public header may not include "{header}", which is internal')
            elif first in layers and "/" in header:
                if is_test_file(header.rsplit("/", 1)[1]) and not is_test:
                    fault(f'"{header}" is for tests only')
                elif first not in reach:
                    fault(f'{layer.name} may not include "{header}": it does not use {first}')
            elif not (is_test and header.endswith(".pb.h")):
                fault(f'"{header}" is in no layer; write "<layer>/<file>.h"')
    return faults, len(files)


def main() -> int:
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=here.parent)
    parser.add_argument("--rules", type=pathlib.Path, default=here / "layers.txt")
    args = parser.parse_args()
    try:
        faults, files = check(args.root, *read_rules(args.rules))
    except RuleError as error:
        print(error, file=sys.stderr)
        return 1
    for line in faults:
        print(line, file=sys.stderr)
    print(f"layers: {files} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

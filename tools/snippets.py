#!/usr/bin/env python3
"""Keeps the snippets of the documentation equal to files that are compiled and run.

A snippet stands between `<!-- snippet: FILE -->` and `<!-- end snippet -->`, fenced. FILE may end in `#NAME`: then only
the lines between `// [NAME]` and `// [/NAME]` of it count, with their common indentation taken off. Without arguments
tells which differ and fails; with --update writes the files' text into the pages.
"""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
SNIPPET = re.compile(
    r"(<!-- snippet: (?P<source>\S+) -->\n```(?P<language>\w*)\n)(?P<text>.*?)(```\n<!-- end snippet -->)", re.S)


def source_text(source):
    name, _, part = source.partition("#")
    text = (ROOT / name).read_text(encoding="utf-8")
    if not part:
        # A file's first line says what it is; the page says so itself.
        return re.sub(r"\A// .*\n", "", text).lstrip("\n")
    found = re.search(rf"^ *// \[{re.escape(part)}\]\n(.*?)^ *// \[/{re.escape(part)}\]\n", text, re.S | re.M)
    if not found:
        raise SystemExit(f"{name} has no part [{part}]")
    return textwrap.dedent(found.group(1))


def main():
    update = "--update" in sys.argv[1:]
    wrong = count = 0
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        old = page.read_text(encoding="utf-8")

        def renew(match):
            nonlocal wrong, count
            count += 1
            text = source_text(match["source"])
            if text != match["text"]:
                wrong += 1
                if not update:
                    print(f"{page.relative_to(ROOT)}: differs from {match['source']}")
            return match[1] + text + match[5]

        new = SNIPPET.sub(renew, old)
        if update and new != old:
            page.write_text(new, encoding="utf-8")
    if wrong and not update:
        print("./tools/snippets.py --update writes the files' text into the pages")
        raise SystemExit(1)
    print(f"{count} snippets are what is compiled")


if __name__ == "__main__":
    main()

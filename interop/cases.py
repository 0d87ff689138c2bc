"""What tests that drive single programs share: counted comparisons, and a program run to its end."""

import pathlib
import subprocess
import typing


class Cases:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, what: str, wanted: typing.Any, got: typing.Any) -> None:
        if wanted == got:
            self.passed += 1
            return
        self.failed += 1
        print(f"  {what}:\n    wanted {wanted!r}\n    got    {got!r}")

    def conclude(self, name: str, counts: pathlib.Path | None) -> int:
        """Says how it went, and appends 'passed failed skipped' to `counts`; the program's exit status."""
        print(f"{name}: {self.passed} of {self.passed + self.failed}")
        if counts:
            with counts.open("a", encoding="utf-8") as file:
                file.write(f"{self.passed} {self.failed} 0\n")
        return 1 if self.failed else 0


def run(*words: typing.Any) -> tuple[int, str, str]:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr

"""check_contract.py must see each kind of fault."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from check_contract import ROWS, check_page  # noqa: E402

TESTS = {"Suite.Test"}
FILES = {"must_not_compile/headers.cc"}


def page(rows, last="`Suite.Test`"):
    lines = ["| Row | Rule | Tests |", "|---|---|---|"]
    lines += [f"| {row} | a rule with `code` | `Suite.Test` `must_not_compile/headers.cc` |" for row in rows[:-1]]
    return "\n".join(lines + [f"| {rows[-1]} | a rule | {last} |", ""])


class CheckContractTest(unittest.TestCase):
    def assert_fault(self, text, part):
        faults = check_page(text, TESTS, FILES)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(part, faults[0])

    def test_clean(self):
        self.assertEqual(check_page(page(ROWS), TESTS, FILES), [])

    def test_unknown_test(self):
        self.assert_fault(page(ROWS, "`Suite.Test` `Suite.Gone`"), "names Suite.Gone")

    def test_no_test(self):
        self.assert_fault(page(ROWS, "none yet"), "names no test")

    def test_missing_row(self):
        self.assert_fault(page(ROWS[1:]), "row H1 is missing")

    def test_row_twice(self):
        self.assert_fault(page(["H1", *ROWS]), "row H1 is there twice")

    def test_foreign_row(self):
        self.assert_fault(page([*ROWS, "H7"]), "no row H7")


if __name__ == "__main__":
    unittest.main()

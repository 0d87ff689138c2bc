"""check_tree.py must see each kind of fault."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from check_tree import check_text  # noqa: E402


class CheckTreeTest(unittest.TestCase):
    def assert_fault(self, name, text, part):
        faults = check_text(name, text)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(part, faults[0])

    def test_clean(self):
        self.assertEqual(check_text("a.h", "// A thing.\n#pragma once\nint a;  // src/work/x, a.root/b\n"), [])
        self.assertEqual(check_text("a.md", "a TODO list is fine in prose\n"), [])

    def test_machine_paths(self):
        for folder in ("home", "root", "work", "Users"):
            self.assert_fault("a.txt", f"x\nsee /{folder}/me\n", "a.txt:2: a path")

    def test_registry_hosts(self):
        for word in ("npm", "pypi", "golang"):
            self.assert_fault("go.sum", f"https://proxy.{word}.org/x\n", "registry")
        self.assert_fault("package-lock.json", '"resolved"' + ': "https://x"\n', "lock file")

    def test_unfinished(self):
        self.assert_fault("a.cc", "// A thing.\n// TO" + "DO later\n", "unfinished")

    def test_first_line_and_pragma(self):
        self.assert_fault("a.cc", "int a;\n", "first line")
        self.assert_fault("a.h", "// A thing.\nint a;\n", "pragma")


if __name__ == "__main__":
    unittest.main()

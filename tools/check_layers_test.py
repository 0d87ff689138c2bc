"""check_layers.py against trees that must pass and trees that must not."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_layers  # noqa: E402

RULES = """
any-test outside gtest/
layer low
  public low.h
  outside outer/only.h
layer side
layer middle
  uses low
  outside wide/
layer high
  uses middle
  tests side
"""


class CheckLayersTest(unittest.TestCase):
    def faults(self, files, rules=RULES):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "src").mkdir()
            (root / "layers.txt").write_text(rules)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check_layers.check(root, *check_layers.read_rules(root / "layers.txt"))[0]

    def assert_fault(self, files, part):
        faults = self.faults(files)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(part, faults[0])

    def test_a_clean_tree_passes(self):
        self.assertEqual(
            self.faults(
                {
                    "src/low/a.h": "#include <vector>\n#include <cstdint>\n#include <outer/only.h>\n",
                    "src/middle/a.cc": '#include "low/a.h"\n#include <wide/x/y.h>\n#include "connectrpc/low.h"\n',
                    "src/high/a.cc": '#include "low/a.h"\n#include "high/b.h"\n#include "middle/a.h"\n',
                    "src/high/a_test.cc": '#include <gtest/gtest.h>\n#include "side/a.h"\n#include <wide/z.h>\n',
                    "include/connectrpc/low.h": "#include <string>\n",
                }
            ),
            [],
        )

    def test_upwards(self):
        self.assert_fault({"src/low/a.h": '#include "middle/a.h"\n'}, "src/low/a.h:1: low may not include")

    def test_sideways(self):
        self.assert_fault({"src/middle/a.cc": '\n#include "side/a.h"\n'}, "src/middle/a.cc:2")

    def test_what_tests_may_is_not_for_sources(self):
        self.assert_fault({"src/high/a.cc": '#include "side/a.h"\n'}, "does not use side")
        self.assert_fault({"src/high/a.cc": "#include <gtest/gtest.h>\n"}, "gtest")

    def test_what_tests_share_is_not_for_sources(self):
        self.assertEqual(self.faults({"src/low/test_support.h": "#include <gtest/gtest.h>\n"}), [])
        self.assert_fault({"src/low/a.cc": '#include "low/test_support.h"\n'}, "for tests only")

    def test_outside_header_of_another_layer(self):
        self.assert_fault({"src/middle/a.cc": "#include <outer/only.h>\n"}, "<outer/only.h>")

    def test_outside_prefix_is_not_a_prefix_of_names(self):
        self.assert_fault({"src/middle/a.cc": "#include <wider/x.h>\n"}, "<wider/x.h>")

    def test_c_headers_are_outside(self):
        self.assert_fault({"src/low/a.h": "#include <unistd.h>\n"}, "<unistd.h>")

    def test_spaces_and_missing_folder(self):
        self.assert_fault({"src/low/a.h": '  #  include "b.h"\n'}, "in no layer")

    def test_unknown_folder(self):
        self.assert_fault({"src/other/a.h": ""}, "src/other")

    def test_public_header_without_layer(self):
        self.assert_fault({"include/connectrpc/new.h": ""}, "belongs to no layer")

    def test_public_header_may_not_show_internals(self):
        self.assert_fault({"include/connectrpc/low.h": '#include "low/a.h"\n'}, "internal")

    def test_public_header_of_a_layer_out_of_reach(self):
        self.assert_fault({"src/side/a.h": '#include "connectrpc/low.h"\n'}, "belongs to low")
        self.assert_fault({"src/side/a.h": '#include "connectrpc/gone.h"\n'}, "no layer has")

    def test_a_cycle_cannot_be_written(self):
        for rules in ("layer a\n uses b\nlayer b\n uses a\n", "layer a\n uses a\n", "layer a\n tests b\nlayer b\n"):
            with self.assertRaises(check_layers.RuleError):
                self.faults({}, rules)

    def test_broken_rules(self):
        for rules in ("layer a\nlayer a\n", "uses a\n", "layer a\n may b\n", "layer a\n public x.h x.h\n"):
            with self.assertRaises(check_layers.RuleError):
                self.faults({}, rules)

    def test_command_fails_on_a_fault(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "src" / "a").mkdir(parents=True)
            (root / "src" / "a" / "a.h").write_text("#include <sys/socket.h>\n")
            (root / "rules").write_text("layer a\n")
            arguments, sys.argv = sys.argv, ["x", "--root", str(root), "--rules", str(root / "rules")]
            try:
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    self.assertEqual(check_layers.main(), 1)
            finally:
                sys.argv = arguments


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""That the interop test fails where it has to."""

import copy
import pathlib
import tempfile
import unittest

import known
import odd
import page
from expected import differences, expected_outcome
from scenarios import SCENARIOS


def scenario_named(name: str) -> dict:
    return next(scenario for scenario in SCENARIOS if scenario["name"] == name)


def perfect_outcome(scenario: dict) -> dict:
    """What a client prints after a unary success."""
    request = scenario["request"]
    return {
        "response": {"text": request["text"], "observed": scenario["headers"]},
        "headers": request["headers"],
        "trailers": request["trailers"],
    }


class Outcomes(unittest.TestCase):
    def setUp(self):
        self.scenario = scenario_named("duplicates, interleaved")
        self.wanted = expected_outcome(self.scenario, "grpc")
        self.outcome = perfect_outcome(self.scenario)

    def faults(self) -> list[str]:
        return differences(self.wanted, self.scenario, self.outcome)

    def test_what_was_asked_for_passes(self):
        self.assertEqual(self.faults(), [])

    def test_order_of_one_name_counts(self):
        headers = self.outcome["headers"]
        self.outcome["headers"] = headers[2:] + headers[:2]
        self.assertEqual(len(self.faults()), 1)

    def test_a_missing_value_is_a_fault(self):
        self.outcome["trailers"] = self.outcome["trailers"][1:]
        self.assertEqual(len(self.faults()), 1)

    def test_silence_and_refusal_are_faults(self):
        self.assertTrue(differences(self.wanted, self.scenario, None))
        self.assertTrue(differences(self.wanted, self.scenario, {"refused": "no"}))

    def test_a_timeout_that_grew_on_the_way_is_a_fault(self):
        scenario = scenario_named("timeout: told to the handler")
        outcome = perfect_outcome(scenario)
        wanted = expected_outcome(scenario, "connect")
        for left, count in ((6990, 0), (7010, 0), (8000, 1), (100, 1), (0, 1)):
            outcome["response"]["timeoutMs"] = left
            self.assertEqual(len(differences(wanted, scenario, outcome)), count, left)


class Known(unittest.TestCase):
    def test_a_difference_is_wanted_of_its_make_alone(self):
        scenario = scenario_named("values: empty")
        base = expected_outcome(scenario, "grpc")
        before = copy.deepcopy(base)
        wanted, shown = known.expected_of(base, scenario, odd.GRPC, "grpclib", "ours")
        self.assertTrue(wanted["refused"])
        self.assertEqual([difference.name for difference in shown], ["empty values, client"])
        self.assertTrue(differences(wanted, scenario, perfect_outcome(scenario)), "it has gone, and no one notices")
        self.assertEqual(known.expected_of(base, scenario, odd.GRPC, "ours", "ours"), (base, []))
        self.assertEqual(base, before)

    def test_names_are_unique(self):
        names = [difference.name for difference in known.DIFFERENCES]
        self.assertEqual(len(set(names)), len(names))


class Page(unittest.TestCase):
    def test_any_other_line_is_stale(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "page.md"
            self.assertTrue(page.faults(path, "one\ntwo\n"))
            path.write_text("one\ntwo\n", encoding="utf-8")
            self.assertEqual(page.faults(path, "one\ntwo\n"), [])
            self.assertTrue(page.faults(path, "two\none\n"))
            self.assertTrue(page.faults(path, "one\n2\n"))


if __name__ == "__main__":
    unittest.main()

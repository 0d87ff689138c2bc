#!/usr/bin/env python3
"""Tests of budget.py that need no valgrind."""

import unittest

import budget


class Verdict(unittest.TestCase):
    def test_within_the_tolerance_is_good(self) -> None:
        for counted in (950, 1000, 1050):
            self.assertEqual(budget.verdict(counted, 1000, 0.05), "")

    def test_more_is_a_fault_that_says_how_much(self) -> None:
        self.assertEqual(budget.verdict(1100, 1000, 0.05), "10.0% more than the budget")

    def test_less_has_to_be_written_down(self) -> None:
        self.assertIn("20.0% less than the budget", budget.verdict(800, 1000, 0.05))

    def test_a_scenario_without_a_budget_is_a_fault(self) -> None:
        self.assertEqual(budget.verdict(800, None, 0.05), "has no budget")


class Difference(unittest.TestCase):
    COUNTS = {"plain": 1000, "with": 1300}

    def test_within_its_bound_is_good(self) -> None:
        self.assertEqual(budget.difference_fault(self.COUNTS, "with", "plain", 300), ("", 300))

    def test_more_is_a_fault_that_says_how_much(self) -> None:
        self.assertEqual(budget.difference_fault(self.COUNTS, "with", "plain", 250), ("50 more than it may", 300))


if __name__ == "__main__":
    unittest.main()

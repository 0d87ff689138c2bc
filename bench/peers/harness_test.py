#!/usr/bin/env python3
"""Tests of the driver that start no server."""

import gzip
import struct
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import goals
import growth
import growth_plot
import peers
import plot
import report
from cases import CASES, Case
from payloads import PAYLOADS, envelope, field, gzipped, log_records, text_like_an_api
from results import Results


def measured(case: str, **figures: float) -> Results:
    results = Results()
    for name, value in figures.items():
        peer = name.replace("_", "-")
        results.kinds[peer] = {"connect-cpp": "ours", "nghttpd": "yardstick"}.get(peer, "peer")
        results.add(case, peer, {"cpu_us": value})
    return results


class Payloads(unittest.TestCase):
    def test_fields_are_protobuf(self) -> None:
        self.assertEqual(field(1, 300), b"\x08\xac\x02")
        self.assertEqual(field(2, "ab"), b"\x12\x02ab")

    def test_text_has_the_size_asked_for(self) -> None:
        self.assertEqual(len(text_like_an_api(16384)), 16384)

    def test_the_answer_to_records_counts_them_and_their_strings(self) -> None:
        request, answer = log_records(1)
        self.assertTrue(answer.startswith(field(1, 1) + field(2, 1)))
        self.assertGreater(len(request), 300)

    def test_names_of_cases_are_unique(self) -> None:
        self.assertEqual(len({case.name for case in CASES}), len(CASES))


class Answers(unittest.TestCase):
    good = {"grpc-status": "0"}

    def test_a_right_answer_has_no_fault(self) -> None:
        case = Case("grpc", "tiny", 1, 1)
        self.assertIsNone(case.fault(200, self.good, case.response))

    def test_status_trailer_and_body_are_looked_at(self) -> None:
        case = Case("grpc", "tiny", 1, 1)
        self.assertIn("404", case.fault(404, self.good, case.response))
        self.assertIn("grpc-status 13", case.fault(200, {"grpc-status": "13"}, case.response))
        self.assertIn("another body", case.fault(200, self.good, envelope(b"x")))

    def test_a_stream_lacks_no_message(self) -> None:
        case = Case("grpc", "stream", 8, 4)
        one = len(envelope(PAYLOADS["stream"][2]))
        self.assertIsNone(case.fault(200, self.good, case.response))
        self.assertIn("another body", case.fault(200, self.good, case.response[:-one]))

    def test_an_answer_that_is_not_compressed_is_a_fault(self) -> None:
        for protocol in ("grpc", "connect"):
            case = Case(protocol, "text1k", 8, 32, variant="gzip")
            self.assertEqual(case.fault(200, self.good, case.response), "the answer is not compressed")
        message = PAYLOADS["text1k"][2]
        packed = gzip.compress(message, 1)
        headers = {"content-encoding": "gzip"}
        self.assertIsNone(Case("connect", "text1k", 1, 1, variant="gzip").fault(200, headers, packed))
        framed = struct.pack(">BI", 1, len(packed)) + packed
        self.assertIsNone(Case("grpc", "text1k", 1, 1, variant="gzip").fault(200, self.good, framed))
        self.assertEqual(gzip.decompress(gzipped(message)), message)

    def test_json_is_compared_as_json(self) -> None:
        case = Case("json", "tiny", 1, 1)
        self.assertIsNone(case.fault(200, {}, b'{ "text": "hello, world!" }'))
        self.assertIn("no JSON", case.fault(200, {}, b"oops"))


class Verdicts(unittest.TestCase):
    goal = goals.Goal("grpc tiny 8x32", "cpu_us", 0.6)

    def test_the_best_peer_is_no_yardstick(self) -> None:
        results = measured("grpc tiny 8x32", connect_cpp=1.5, tonic=4, grpcpp=9, nghttpd=1)
        self.assertEqual(results.best("grpc tiny 8x32", "cpu_us"), ("tonic", 4))
        self.assertEqual(self.goal.row(results)[-3:], ["4.00 (tonic)", "0.38", "yes"])

    def test_a_goal_that_is_missed_says_by_how_much(self) -> None:
        results = measured("grpc tiny 8x32", connect_cpp=3, tonic=4)
        self.assertEqual(self.goal.row(results)[-1], "no, 1.25 × the goal")

    def test_without_a_peer_there_is_no_verdict(self) -> None:
        self.assertEqual(self.goal.row(measured("grpc tiny 8x32", connect_cpp=3))[-1], "no peer")
        self.assertIsNone(self.goal.row(measured("grpc tiny 8x32", tonic=3)))

    def test_goals_name_cases_that_there_are(self) -> None:
        parts = ("chat", "client", "blocking", "memory", "idle", "two", "adds", "system", "instructions", "build")
        names = {case.name for case in CASES}
        for goal in goals.GOALS:
            self.assertTrue(goal.case in names or goal.case.startswith(parts), goal.case)


class Reports(unittest.TestCase):
    def test_medians_and_reasons_are_told(self) -> None:
        results = measured("grpc tiny 8x32", connect_cpp=1, tonic=4)
        results.add("grpc tiny 8x32", "connect-cpp", {"cpu_us": 9})
        results.add("grpc tiny 8x32", "connect-cpp", {"cpu_us": 2})
        results.miss("grpc tiny 8x32", "grpc-java", "java is not here")
        with tempfile.TemporaryDirectory() as folder:
            results.save(Path(folder, "report.json"))
            text = report.markdown(Results.load(Path(folder, "report.json")))
        self.assertIn("| grpc tiny 8x32 | 2.00 | **4.00** | 0.50 |", text)
        self.assertIn("- grpc-java (grpc tiny 8x32): java is not here", text)

    def test_the_plot_is_xml_with_a_mark_for_each_peer(self) -> None:
        text = plot.svg(measured("grpc tiny 8x32", connect_cpp=2, tonic=4, nghttpd=1))
        marks = [e for e in ElementTree.fromstring(text).iter() if e.tag.endswith("title")]
        self.assertEqual([mark.text for mark in marks], ["tonic, grpc tiny 8x32: 2.00", "nghttpd, grpc tiny 8x32: 0.50"])


class Growth(unittest.TestCase):
    def test_names_of_amounts_are_unique(self) -> None:
        names = [growth.case_name(series, amount) for series in growth.SERIES for amount in series.amounts]
        self.assertEqual(len(set(names)), len(names))
        for series in growth.SERIES:
            self.assertEqual(len(series.amounts), len(series.cases))

    def test_the_plot_has_a_line_for_each_peer_and_series(self) -> None:
        results = Results()
        results.kinds |= {"connect-cpp": "ours", "tonic": "peer"}
        for series in (growth.SERIES[0], growth.SERIES[3]):
            for amount in series.amounts:
                results.add(growth.case_name(series, amount), "connect-cpp", {"cpu_us": 2.0 + amount})
                results.add(growth.case_name(series, amount), "tonic", {"cpu_us": 4.0})
        elements = list(ElementTree.fromstring(growth_plot.svg(results)).iter())
        self.assertEqual(sum(e.tag.endswith("polyline") for e in elements), 4)
        self.assertIn("tonic, 256: 4.00 µs", [e.text for e in elements if e.tag.endswith("title")])
        self.assertNotIn("growth", plot.svg(results))

    def test_nothing_measured_gives_no_plot(self) -> None:
        self.assertEqual(growth_plot.svg(Results()), "")

    def test_a_size_is_a_payload(self) -> None:
        case = growth.SERIES[2].cases[0]
        self.assertEqual(case.request, envelope(field(2, b"x" * 10)))


class Peers(unittest.TestCase):
    def test_what_is_missing_is_named(self) -> None:
        self.assertIn("no-such-program", peers.why_absent(["no-such-program"]))
        self.assertIn("/no/such/file is not here", peers.why_absent(["sh", "/no/such/file"]))
        self.assertIsNone(peers.why_absent(["sh", "-c", "true"]))

    def test_a_peer_says_what_it_cannot_do(self) -> None:
        known = {peer.name: peer for peer in peers.PEERS}
        self.assertEqual(known["tonic"].unable(Case("connect", "tiny", 1, 1)), "does not speak Connect")
        self.assertEqual(known["ntex-grpc"].unable(Case("grpc", "log50", 1, 1)), "only echoes")
        self.assertIsNone(known["connect-cpp"].unable(Case("json", "tiny", 1, 1, http1=True)))


if __name__ == "__main__":
    unittest.main()

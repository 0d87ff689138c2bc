"""run.py: which failures it looks into again, and what it takes for a pass."""

import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import run  # noqa: E402

UNARY = "Timeouts/HTTPVersion:2/Protocol:PROTOCOL_CONNECT/Codec:CODEC_PROTO/Compression:COMPRESSION_IDENTITY/TLS:false/unary"
EMPTY = "connect error JSON: unexpected end of JSON input"
HALF = (
    "Client Cancellation/HTTPVersion:1/Protocol:PROTOCOL_GRPC_WEB/Codec:CODEC_PROTO/Compression:COMPRESSION_IDENTITY/"
    "TLS:false/(grpc server impl)/bidi-stream/half-duplex/cancel-after-close-send"
)
TAKEN = 'actual error {code: 14 (unavailable), message: "http: invalid Read on closed Body"} does not match expected code 1'
UNEXPECTED = "received an unexpected error:"
TAKEN_TOO = 'code:CODE_UNAVAILABLE  message:"http: invalid Read on closed Body"'
NOTHING = "expecting 1 response messages but instead got 0"


def failure(case, *lines):
    return f"FAILED: {case}:\n" + "".join(f"\t{line}\n" for line in lines) + "\t\n\n"


class RacedTest(unittest.TestCase):
    def assert_stand(self, mode, *failures):
        for case, *why in failures:
            with self.subTest(case=case, why=why):
                self.assertEqual(run.raced(failure(case, *why), mode), [])

    def test_only_the_empty_answer_of_a_connect_unary_timeout(self):
        self.assertEqual(run.raced(failure(UNARY, EMPTY), "server"), [UNARY])
        both = failure(UNARY, EMPTY) + failure(UNARY.replace("PROTO/", "JSON/"), EMPTY)
        self.assertEqual(run.raced(both, "server")[0], UNARY)
        self.assertEqual(len(run.raced(both, "server")), 2)
        self.assertEqual(run.raced(failure(UNARY, EMPTY), "client"), [])
        self.assert_stand(
            "server",
            (UNARY, "actual error code is canceled"),
            (UNARY, EMPTY, "actual error code is canceled"),
            (UNARY,),
            (UNARY.replace("CONNECT", "GRPC_WEB"), EMPTY),
            (UNARY.replace("unary", "server-stream"), EMPTY),
            (UNARY.replace("Timeouts", "Errors"), EMPTY),
        )

    def test_only_the_body_that_was_taken_from_the_server_over_grpc_go(self):
        self.assertEqual(run.raced(failure(HALF, TAKEN), "client"), [HALF])
        self.assertEqual(run.raced(failure(HALF, UNEXPECTED, TAKEN_TOO, NOTHING), "client"), [HALF])
        self.assertEqual(run.raced(failure(HALF, TAKEN), "server"), [])
        self.assert_stand(
            "client",
            (HALF, NOTHING),
            (HALF, UNEXPECTED, "code:CODE_UNAVAILABLE", NOTHING),
            (HALF, TAKEN, "expecting 2 response messages but instead got 1"),
            (HALF, TAKEN.replace("14 (unavailable)", "13 (internal)")),
            (HALF.replace("HTTPVersion:1", "HTTPVersion:2"), TAKEN),
            (HALF.replace("(grpc server impl)/", ""), TAKEN),
            (HALF.replace("half", "full"), TAKEN),
            (HALF.replace("GRPC_WEB", "CONNECT"), TAKEN),
        )

    def test_not_beside_another_failure(self):
        self.assertEqual(run.raced(failure(UNARY, EMPTY) + failure("Basic/unary", "wrong data"), "server"), [])


class RunTest(unittest.TestCase):
    """With a suite of one case that prints, run by run, what it is given."""

    def verdict(self, *outputs, mode="server"):
        with tempfile.TemporaryDirectory() as folder:
            suite = pathlib.Path(folder) / "suite"
            for index, output in enumerate(outputs):
                (pathlib.Path(folder) / f"{index}").write_text(output)
            suite.write_text(
                f"#!/bin/sh\ncd {folder}\nn=$(cat n 2>/dev/null || echo 0)\necho $((n + 1)) >n\ncat $n\n! grep -q FAILED $n\n"
            )
            suite.chmod(suite.stat().st_mode | stat.S_IXUSR)
            done = subprocess.run(
                [sys.executable, run.__file__, "--runner", suite, "--config", "c", "--mode", mode, "--", "program"],
                stdout=subprocess.PIPE, check=False,
            )
            runs = int((pathlib.Path(folder) / "n").read_text())
        return done.returncode, runs, done.stdout.decode().splitlines()[-1].split(" in ")[0]

    def test_verdicts(self):
        passed, empty = "1 passed, 0 failed\n", failure(UNARY, EMPTY) + "0 passed, 1 failed\n"
        wrong = failure(UNARY, "wrong code") + "0 passed, 1 failed\n"
        two = failure(UNARY, EMPTY) + "5 passed, 2 failed\n"
        self.assertEqual(self.verdict(passed), (0, 1, "program: 1 passed, 0 failed"))
        self.assertEqual(self.verdict(wrong), (1, 1, "program: 0 passed, 1 failed"))
        self.assertEqual(self.verdict(empty, passed), (0, 2, "program: 1 passed, 0 failed"))
        self.assertEqual(self.verdict(empty, empty, passed), (0, 3, "program: 1 passed, 0 failed"))
        self.assertEqual(self.verdict(empty, empty, empty, empty), (1, 4, "program: 0 passed, 1 failed"))
        self.assertEqual(self.verdict(empty, wrong), (1, 2, "program: 0 passed, 1 failed"))
        self.assertEqual(self.verdict(empty, "0 passed, 0 failed\n")[0], 1)
        self.assertEqual(self.verdict(two), (1, 1, "program: 5 passed, 2 failed"))
        self.assertEqual(self.verdict("nothing\n"), (1, 1, "program: 0 passed, 1 failed"))
        self.assertEqual(self.verdict(empty, passed, mode="client"), (1, 1, "program: 0 passed, 1 failed"))


if __name__ == "__main__":
    unittest.main()

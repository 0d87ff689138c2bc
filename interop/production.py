#!/usr/bin/env python3
"""Drives production_server with programs that no one here wrote: systemd's socket activation, an HTTP proxy (tinyproxy),
openssl, curl and grpcurl."""

import argparse
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from cases import Cases, run
from ends import Server

GREET = "greet.v1.GreetService/Greet"
ADA = '{"name": "Ada"}'
HELLO = {"greeting": "Hello, Ada!"}
PATIENCE = 20.0  # seconds that something may take to come about


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def curl(url: str, *words: str) -> tuple[int, dict[str, str], dict]:
    """A Connect call: HTTP status, headers, JSON; status 0 and curl's complaint if there was no answer."""
    done = subprocess.run(["curl", "-sS", "-i", "--max-time", "20", "-H", "content-type: application/json", "-d", ADA,
                           *words, f"{url}/{GREET}"], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        return 0, {}, {"curl": done.stderr.strip()}
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, json.loads(body)


class Site:
    """A production_server with its work folder."""

    def __init__(self, bin_dir: pathlib.Path, work: pathlib.Path, name: str, *words: object) -> None:
        self.server = Server(name, "ours", [bin_dir / "production_server", *words], work, {})
        self.server.wait()
        self.urls = self.server.urls

    def __enter__(self) -> "Site":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def end(self) -> int:
        return self.server.stop()


def systemd(args: argparse.Namespace, cases: Cases) -> None:
    """The server is started by the first connection, and gets the socket that it came to."""
    port = free_port()
    with subprocess.Popen(["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "--fdname=web",
                           args.bin / "production_server", "--listen", "systemd:web"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            def listens() -> bool:
                with contextlib.suppress(OSError), open("/proc/net/tcp", encoding="ascii") as table:
                    return any(f":{port:04X} " in line and " 0A " in line for line in table)
                return False

            cases.check("systemd listens", True, until(listens))
            url = f"http://127.0.0.1:{port}"
            cases.check("systemd: curl starts the server and is answered", (200, HELLO), curl(url)[::2])
            cases.check("systemd: and again, over HTTP/2", (200, HELLO), curl(url, "--http2-prior-knowledge")[::2])
            process.terminate()
            cases.check("systemd: the server ends well", 0, process.wait(PATIENCE))
        finally:
            process.kill()


def unix_socket(args: argparse.Namespace, work: pathlib.Path, cases: Cases) -> None:
    path = work / "greet.sock"
    with Site(args.bin, work, "unix", "--listen", f"unix:{path}") as site:
        cases.check("unix: curl", (200, HELLO), curl("http://localhost", "--unix-socket", str(path))[::2])
        if args.grpcurl:
            said = run(args.grpcurl, "-plaintext", "-import-path", args.protos, "-proto", "greet/v1/greet.proto", "-d", ADA,
                       f"unix://{path}", GREET)[1]
            cases.check("unix: grpcurl", HELLO, json.loads(said or "null"))
        cases.check("unix: the server ends well", 0, site.end())
        cases.check("unix: the path is gone", False, path.exists())


def certificate(work: pathlib.Path, name: str) -> None:
    """Replaces cert.pem and key.pem by a pair for `name`; each file appears whole."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                    work / "key.new", "-out", work / "cert.new"], check=True, capture_output=True)
    os.replace(work / "key.new", work / "key.pem")
    os.replace(work / "cert.new", work / "cert.pem")


def proxy(args: argparse.Namespace, work: pathlib.Path, cases: Cases) -> None:
    """Our client through tinyproxy, in every protocol, with and without TLS."""
    certificate(work, "localhost")
    port = free_port()
    log = work / "tinyproxy.log"
    settings = work / "tinyproxy.conf"
    settings.write_text(f'Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 30\nMaxClients 20\nLogFile "{log}"\n'
                        'LogLevel Connect\nBasicAuth ada secret\n')
    with Site(args.bin, work, "proxied", "--tls", "127.0.0.1:0", "--cert", work / "cert.pem", "--key", work / "key.pem") as site:
        with subprocess.Popen(["tinyproxy", "-d", "-c", settings], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            def listens() -> bool:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    return True
                return False

            def greet(through: str, scheme: str, protocol: str) -> tuple[int, str]:
                ca = ["--ca", work / "cert.pem"] if scheme == "https" else []
                code, said, _ = run(args.bin / "greet_client", "--name", "Ada", "--url", site.urls[scheme], "--protocol",
                                    protocol, "--proxy", through, *ca)
                return code, said

            try:
                cases.check("tinyproxy listens", True, until(listens))
                for scheme in ("http", "https"):
                    for protocol in ("connect", "grpc", "grpc-web"):
                        code, said = greet(f"http://ada:secret@127.0.0.1:{port}", scheme, protocol)
                        cases.check(f"tinyproxy: {protocol} over {scheme}", (0, "Hello, Ada!"), (code, said.split("\n")[0]))
                cases.check("tinyproxy saw the tunnels", 6, log.read_text().count("CONNECT 127.0.0.1:"))
                code, said = greet(f"http://ada:wrong@127.0.0.1:{port}", "http", "connect")
                cases.check("tinyproxy: a wrong password", (1, True, False),
                            (code, f"127.0.0.1:{port}" in said and ("401" in said or "407" in said), "wrong" in said))
            finally:
                process.terminate()
                process.wait(PATIENCE)
        code, said, _ = run(args.bin / "greet_client", "--name", "Ada", "--url", site.urls["http"], "--proxy",
                            f"http://127.0.0.1:{port}")
        cases.check("a proxy that is not there is named", (1, True), (code, f"127.0.0.1:{port}" in said))


def new_certificate(args: argparse.Namespace, work: pathlib.Path, cases: Cases) -> None:
    """openssl sees the certificates change while the server runs."""
    certificate(work, "first")

    def subject(url: str) -> str:
        done = subprocess.run(["openssl", "s_client", "-connect", url.removeprefix("https://"), "-alpn", "h2"], input="",
                              capture_output=True, text=True, timeout=60)
        return next((line.strip() for line in done.stdout.splitlines() if line.startswith("subject=")), done.stderr[-200:])

    with Site(args.bin, work, "renewed", "--tls", "127.0.0.1:0", "--cert", work / "cert.pem", "--key", work / "key.pem") as site:
        url = site.urls["https"]
        cases.check("openssl: the certificate", "subject=CN = first", subject(url))
        certificate(work, "second")
        until(lambda: subject(url) == "subject=CN = second")
        cases.check("openssl: the certificate that came in its place", "subject=CN = second", subject(url))
        cases.check("curl: over TLS", (200, HELLO), curl(url, "--cacert", str(work / "cert.pem"))[::2])
        (work / "cert.pem").write_text("")
        cases.check("an empty file is told to the log hook", True,
                    until(lambda: "cert.pem" in (work / "renewed.log").read_text()))
        cases.check("openssl: it stays", "subject=CN = second", subject(url))
    code, _, complaint = run(args.bin / "production_server", "--tls", "127.0.0.1:0", "--cert", work / "cert.pem", "--key",
                             work / "key.pem")
    cases.check("an empty certificate is an error at start", (1, True), (code, "cert.pem" in complaint))


def guarded(args: argparse.Namespace, work: pathlib.Path, cases: Cases) -> None:
    """A token, a limit of calls, and the lines of the access log."""
    with Site(args.bin, work, "guarded", "--token", "s3cret-token", "--burst", 3) as site:
        url = site.urls["http"]
        status, headers, body = curl(url)
        cases.check("curl: without a token", (401, 'Bearer realm="greetings"', "unauthenticated"),
                    (status, headers.get("www-authenticate", "").split(",")[0], body.get("code")))
        cases.check("curl: with a wrong one", 401, curl(url, "-H", "authorization: Bearer other")[0])
        token = "authorization: Bearer s3cret-token"
        cases.check("curl: with the right one", (200, HELLO), curl(url, "-H", token)[::2])
        cases.check("curl: and over HTTP/2", (200, HELLO), curl(url, "-H", token, "--http2-prior-knowledge")[::2])
        if args.grpcurl:
            ask = [args.grpcurl, "-plaintext", "-import-path", args.protos, "-proto", "greet/v1/greet.proto", "-d", ADA]
            host = url.removeprefix("http://")
            code, _, complaint = run(*ask, host, GREET)
            cases.check("grpcurl: without a token", (64 + 16, True), (code, "Code: Unauthenticated" in complaint))
            code, said, _ = run(*ask, "-H", token, host, GREET)
            cases.check("grpcurl: with one", (0, HELLO), (code, json.loads(said or "null")))
            code, _, complaint = run(*ask, "-H", token, host, GREET)
            cases.check("grpcurl: too often", (64 + 8, True), (code, "Code: ResourceExhausted" in complaint))
        else:
            curl(url, "-H", token)
        status, headers, body = curl(url, "-H", token)
        cases.check("curl: too often", (429, True, "resource_exhausted"),
                    (status, headers.get("retry-after", "").isdigit(), body.get("code")))
        site.server.process.terminate()
        text = site.server.process.stdout.read().decode()
        cases.check("guarded: the server ends well", 0, site.end())
    lines = [json.loads(line) for line in text.splitlines()]
    cases.check("access log: every call has a line", 8 if args.grpcurl else 6, len(lines))
    cases.check("access log: the codes", ["unauthenticated", "unauthenticated", "ok", "ok"], [line["code"] for line in lines[:4]])
    cases.check("access log: the method", {GREET}, {line["method"] for line in lines})
    cases.check("access log: no token", False, "s3cret" in text or "other" in text)


def ended(args: argparse.Namespace, work: pathlib.Path, cases: Cases) -> None:
    """SIGTERM lets the call under way end and takes no further connections; a second one cancels."""

    def call_under_way(site: Site) -> subprocess.Popen:
        asking = subprocess.Popen(["curl", "-sS", "--max-time", "50", "-H", "content-type: application/json", "-d", ADA,
                                   f"{site.urls['http']}/{GREET}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(1)  # the handler takes longer
        return asking

    with Site(args.bin, work, "drained", "--delay", 4000) as site, call_under_way(site) as asking:
        site.server.process.terminate()
        refused = until(lambda: "curl" in curl(site.urls["http"], "--max-time", "1")[2])
        cases.check("SIGTERM: no further connections", True, refused)
        cases.check("SIGTERM: the call under way is answered", HELLO, json.loads(asking.communicate(timeout=60)[0]))
        cases.check("SIGTERM: the server ends well", 0, site.server.process.wait(PATIENCE))
    with Site(args.bin, work, "cancelled", "--delay", 40000) as site, call_under_way(site) as asking:
        begun = time.monotonic()
        site.server.process.terminate()
        time.sleep(0.3)
        site.server.process.terminate()
        answer = json.loads(asking.communicate(timeout=60)[0])
        cases.check("two SIGTERMs: the call under way is cancelled", "unavailable", answer.get("code"))
        cases.check("two SIGTERMs: the server ends well", 0, site.server.process.wait(PATIENCE))
        cases.check("two SIGTERMs: and at once", True, time.monotonic() - begun < 5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where production_server and greet_client are")
    parser.add_argument("--protos", type=pathlib.Path, required=True, help="the folder of greet/v1/greet.proto")
    parser.add_argument("--grpcurl")
    parser.add_argument("--counts", type=pathlib.Path)
    args = parser.parse_args()
    cases = Cases()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        systemd(args, cases)
        unix_socket(args, work, cases)
        proxy(args, work, cases)
        new_certificate(args, work, cases)
        guarded(args, work, cases)
        ended(args, work, cases)
    return cases.conclude("production", args.counts)


if __name__ == "__main__":
    sys.exit(main())

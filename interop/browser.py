#!/usr/bin/env python3
"""Lets a browser's page call greet_server from another origin: preflight, headers and trailers that it may read."""

import argparse
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading

from cases import Cases
from ends import Server

PAGE = """<!doctype html><meta charset="utf-8"><pre id="seen">nothing</pre><script>
async function call(name, headers) {
  const response = await fetch("%s/greet.v1.GreetService/Greet", {
    method: "POST",
    headers: {"content-type": "application/json", "connect-protocol-version": "1", ...headers},
    body: JSON.stringify({name}),
  });
  return {
    status: response.status,
    body: await response.json(),
    version: response.headers.get("greet-version"),
    cost: response.headers.get("trailer-greet-cost"),
    hidden: response.headers.get("greet-emoji-bin"),
  };
}
async function tell(name, headers) {
  try { return await call(name, headers); } catch (error) { return error.name; }
}
async function run() {
  const seen = {
    good: await tell("Ada", {"acme-city": "London"}),
    refused: await tell("", {}),
    undeclared: await tell("Ada", {"acme-secret": "1"}),
  };
  document.getElementById("seen").textContent = JSON.stringify(seen);
}
run();
</script>"""

FAILED = "TypeError"
ALLOWED = {
    "good": {"status": 200, "body": {"greeting": "Hello, Ada of London!"}, "version": "v1", "cost": "3ms", "hidden": None},
    "undeclared": FAILED,
}


class PageHandler(http.server.BaseHTTPRequestHandler):
    page = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.page.encode())

    def log_message(self, *_: object) -> None:
        pass


def seen_by(chromium: str, url: str, work: pathlib.Path) -> dict:
    """What the page has written when it has done all."""
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--disable-dev-shm-usage"]
    flags += [f"--user-data-dir={work / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"]
    done = subprocess.run([chromium, *flags, url], capture_output=True, text=True, timeout=180, check=False)
    _, _, rest = done.stdout.partition('<pre id="seen">')
    text = rest.partition("</pre>")[0]
    try:
        return json.loads(text)
    except ValueError:
        raise RuntimeError(f"the page says {text!r}; {chromium}: {done.stderr.strip()[-1000:]}") from None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where greet_server is")
    parser.add_argument("--chromium", required=True)
    parser.add_argument("--counts", type=pathlib.Path)
    args = parser.parse_args()
    cases = Cases()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        work = pathlib.Path(folder)
        # The page's address has to be known to the server, and the server's to the page.
        page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PageHandler)
        threading.Thread(target=page.serve_forever, daemon=True).start()
        port = page.server_address[1]
        command = [args.bin / "greet_server", "--port", "0", "--cors", f"http://127.0.0.1:{port}"]
        server = Server("greet", "ours", command, work, {})
        server.wait()
        PageHandler.page = PAGE % server.urls["http"]
        seen = seen_by(args.chromium, f"http://127.0.0.1:{port}/", work)
        refused = seen.pop("refused")
        cases.check("a page that is allowed", ALLOWED, seen)
        cases.check("its error", (400, "invalid_argument"), (refused["status"], refused["body"]["code"]))
        # The same page, of another origin.
        seen = seen_by(args.chromium, f"http://localhost:{port}/", work)
        cases.check("a page that is not allowed", dict.fromkeys(("good", "refused", "undeclared"), FAILED), seen)
        page.shutdown()
        cases.check("greet_server ends well", 0, server.stop())
    return cases.conclude("browser", args.counts)


if __name__ == "__main__":
    sys.exit(main())

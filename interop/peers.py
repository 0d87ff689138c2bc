"""Who talks to whom: every end by its name, and the rows of the test."""

import dataclasses
from collections.abc import Callable

import tools
from ends import HERE, Way, grpc_program_client, grpc_web_js_client, program_client

PROTOCOLS = [("connect", 1), ("connect", 2), ("grpc", 2), ("grpc-web", 1), ("grpc-web", 2)]

FULL = [Way(protocol, http, codec) for protocol, http in PROTOCOLS for codec in ("proto", "json")]
PLAIN = [Way(protocol, http) for protocol, http in PROTOCOLS]
TLS = [Way(protocol, http, tls=True) for protocol, http in PROTOCOLS]
GZIP = [Way(protocol, 2, gzip=True) for protocol in ("connect", "grpc", "grpc-web")]
GET = [Way("connect", http, codec, get=True) for http in (1, 2) for codec in ("proto", "json")]
EVERY = [*FULL, *TLS, *GZIP, *GET]
GRPC = [Way("grpc", 2), Way("grpc", 2, tls=True), Way("grpc", 2, gzip=True)]
GRPC_PLAIN = [Way("grpc", 2)]
CURL = [Way("connect", http, "json", tls=secure) for http in (1, 2) for secure in (False, True)]


@dataclasses.dataclass(frozen=True)
class Client:
    """`run(way, url, ca, table, scenarios)` gives its outcomes and its complaint."""

    make: str
    run: Callable
    # With our coroutine server and with our blocking one.
    ways: list
    blocking_ways: list


@dataclasses.dataclass(frozen=True)
class ServerProgram:
    make: str
    command: list
    ways: list
    extra: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Row:
    client: str
    server: str
    way: Way

    def __str__(self) -> str:
        return f"{self.client} -> {self.server}: {self.way}"


class Peers:
    """The ends that are here, by what the command line names."""

    def __init__(self, args, schema):
        self.args = args
        self.python_extra = {"INTEROP_SCHEMA": str(schema)}
        self.node_extra = {"INTEROP_SCHEMA": str(schema), "INTEROP_PACKAGES": str(args.connect_node)}
        self.clients: dict[str, Client] = {}
        self.servers: dict[str, ServerProgram] = {}
        self._add_ours()
        self._add_tools()
        if args.go:
            self._add_go()
        if args.grpcpp:
            run = grpc_program_client([args.grpcpp / "interop_grpcpp_client"])
            self.clients["grpc++ client"] = Client("grpc++", run, GRPC, GRPC_PLAIN)
            self.servers["grpc++ server"] = ServerProgram("grpc++", [args.grpcpp / "interop_grpcpp_server"], GRPC)
        if args.connect_node:
            self._add_node()
        if args.python:
            self._add_python()

    def _add_ours(self):
        for name, flags in (("our", []), ("our blocking", ["--blocking"])):
            run = program_client([self.args.ours / "interop_client", *flags])
            self.clients[f"{name} client"] = Client("ours", run, EVERY, FULL)
            self.servers[f"{name} server"] = ServerProgram("ours", [self.args.ours / "interop_server", *flags], EVERY)

    def _add_tools(self):
        args = self.args
        self.clients["curl"] = Client("curl", tools.curl, [*CURL, Way("connect", 1, "json", get=True)], [])
        if args.buf:
            run = tools.buf(args.buf, args.work)
            self.clients["buf curl"] = Client("buf", run, [*PLAIN, Way("connect", 2, tls=True)], [])
        if args.grpcurl:
            self.clients["grpcurl"] = Client("grpcurl", tools.grpcurl(args.grpcurl), GRPC[:2], [])
        if args.grpc_web_js:
            forms = [Way("grpc-web", 1, text=True), Way("grpc-web", 1)]
            ways = [*forms, Way("grpc-web", 1, text=True, stream=True)]
            self.clients["grpc-web.js"] = Client("grpc-web.js", grpc_web_js_client(args.grpc_web_js), ways, forms)

    def _add_go(self):
        bin = self.args.go / "bin"
        self.clients["connect-go client"] = Client("connect-go", program_client([bin / "client"]), EVERY, FULL)
        self.servers["connect-go server"] = ServerProgram("connect-go", [bin / "server"], EVERY)
        run = grpc_program_client([bin / "grpcclient"])
        self.clients["grpc-go client"] = Client("grpc-go", run, GRPC, GRPC_PLAIN)
        self.servers["grpc-go server"] = ServerProgram("grpc-go", [bin / "grpcserver"], GRPC)

    def _add_node(self):
        folder = HERE / "connect_node"
        run = program_client(["node", folder / "client.js"], self.node_extra)
        ways = [*PLAIN, Way("connect", 1, "json"), *(way for way in TLS if way.http == 2), *GZIP, Way("connect", 2, get=True)]
        self.clients["connect-node client"] = Client("connect-node", run, ways, PLAIN)
        self.servers["connect-node server"] = ServerProgram(
            "connect-node", ["node", folder / "server.js"], [way for way in ways if way.http == 2 or not way.tls], self.node_extra
        )

    def _add_python(self):
        folder, python = HERE / "python", self.args.python / "bin" / "python"
        extra = self.python_extra
        for make in ("grpclib", "grpcio"):
            # grpclib knows no compression.
            ways = GRPC if make == "grpcio" else GRPC[:2]
            run = program_client([python, folder / f"{make}_client.py"], extra)
            self.clients[f"{make} client"] = Client(make, run, ways, GRPC_PLAIN)
            self.servers[f"{make} server"] = ServerProgram(make, [python, folder / f"{make}_server.py"], ways, extra)
        for name, flags in (("connect-python", []), ("connect-python sync", ["--blocking"])):
            run = program_client([python, folder / "connect_client.py", *flags], extra)
            ways = [*PLAIN, Way("connect", 1, "json"), Way("connect", 2, tls=True), Way("grpc", 2, gzip=True), Way("connect", 2, get=True)]
            self.clients[f"{name} client"] = Client(name, run, ways, PLAIN)
            self.servers[f"{name} server"] = ServerProgram(
                name, [python, folder / "connect_server.py", *flags], ways, extra
            )

    def rows(self):
        for name, client in self.clients.items():
            for way in client.ways:
                yield Row(name, "our server", way)
            for way in client.blocking_ways:
                yield Row(name, "our blocking server", way)
        for server_name, server in self.servers.items():
            if server.make == "ours":
                continue
            for way in server.ways:
                yield Row("our client", server_name, way)
                if way.plain():
                    yield Row("our blocking client", server_name, way)
        if self.args.judges_alone:
            yield from self._rows_of_judges()

    def _rows_of_judges(self):
        for name, ways in (("connect-go client", FULL), ("curl", CURL), ("buf curl", PLAIN), ("grpcurl", GRPC_PLAIN)):
            for way in ways:
                yield Row(name, "connect-go server", way)
        yield Row("connect-go client", "grpc++ server", Way("grpc", 2))
        yield Row("grpc++ client", "connect-go server", Way("grpc", 2))

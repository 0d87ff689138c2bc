"""A connect-python server of InteropService: prints its addresses on one line and runs until it is ended."""

import asyncio
import pathlib
import signal
import sys

from pyvoy import PyvoyServer
from schema import arguments, say_where


async def main() -> None:
    args = arguments()
    server = PyvoyServer(
        "connect_apps:blocking" if args.blocking else "connect_apps:asynchronous",
        interface="wsgi" if args.blocking else "asgi",
        tls_port=0,
        tls_cert=pathlib.Path(args.cert),
        tls_key=pathlib.Path(args.key),
        tls_enable_http3=False,
        stdout=sys.stderr,
        stderr=sys.stderr,
    )
    async with server:
        say_where(server.listener_port, server.listener_port_tls)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        await ended.wait()


asyncio.run(main())

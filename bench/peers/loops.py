"""Two loops of our server against one."""

import dataclasses

import generator
from cases import Case
from processes import ServerFailed

CASES = {"two loops tiny": Case("grpc", "tiny", 8, 32), "two loops log50": Case("grpc", "log50", 8, 32)}


def part_loops(bench, peers) -> None:
    cpus = f"{bench.args.server_cpu},{bench.args.generator_cpu}"
    for peer in peers:
        if peer.kind != "ours":
            continue
        two = dataclasses.replace(peer, command=peer.command + " --threads 2")
        for _ in range(bench.args.rounds):
            for name, case in CASES.items():
                figures = []
                try:
                    for server_of, on in ((peer, str(bench.args.server_cpu)), (two, cpus)):
                        with bench.start(server_of, cpus=on) as server:
                            size = generator.check(server, case, bench.body(case), False)
                            figures.append(generator.measure(server, case, bench.body(case), size, bench.args.generator_cpu,
                                                             False, bench.args.seconds))
                except (ServerFailed, generator.Unmeasured) as error:
                    bench.results.miss(name, peer.name, str(error))
                    continue
                one, both = figures
                bench.results.add(name, peer.name, {"speedup": both["rate"] / one["rate"], "cost": both["cpu_us"] / one["cpu_us"]})
                bench.say(f"{name:32} {peer.name:20} {both['rate'] / one['rate']:.2f} × the calls, "
                          f"{both['cpu_us'] / one['cpu_us']:.2f} × the CPU time of a call")

"""What was measured: samples of each case and peer, with the reasons for those that are missing."""

import json
import os
import re
import statistics
from pathlib import Path


class Results:
    """`samples[case][peer]` is a list of {metric: value}; `missing[case][peer]` says why there is none."""

    def __init__(self) -> None:
        self.samples: dict[str, dict[str, list[dict[str, float]]]] = {}
        self.missing: dict[str, dict[str, str]] = {}
        self.kinds: dict[str, str] = {}
        self.about: dict[str, object] = {"machine": machine()}

    @staticmethod
    def load(path: Path) -> "Results":
        made = Results()
        made.__dict__ |= json.loads(path.read_text())
        return made

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.__dict__, indent=1) + "\n")

    def add(self, case: str, peer: str, figures: dict[str, float]) -> None:
        self.samples.setdefault(case, {}).setdefault(peer, []).append(figures)

    def miss(self, case: str, peer: str, why: str) -> None:
        self.missing.setdefault(case, {})[peer] = why

    def median(self, case: str, peer: str, metric: str) -> float | None:
        values = [s[metric] for s in self.samples.get(case, {}).get(peer, []) if s.get(metric) is not None]
        return statistics.median(values) if values else None

    def peers(self, case: str) -> list[str]:
        return list(self.samples.get(case, {}))

    def best(self, case: str, metric: str, beside: str = "") -> tuple[str, float] | None:
        """The peer with the least figure, and that figure; neither ours nor a yardstick."""
        found = [
            (value, peer)
            for peer in self.peers(case)
            if self.kinds.get(peer) == "peer" and peer != beside and (value := self.median(case, peer, metric)) is not None
        ]
        return (min(found)[1], min(found)[0]) if found else None

    def spreads(self, metric: str) -> list[float]:
        """(Most - least) / median of each case and peer with several rounds."""
        out = []
        for peers in self.samples.values():
            for samples in peers.values():
                values = [s[metric] for s in samples if s.get(metric)]
                if len(values) > 1:
                    out.append((max(values) - min(values)) / statistics.median(values))
        return out


def machine() -> str:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{cpu[1] if cpu else os.uname().machine}, {os.cpu_count()} CPUs, Linux {os.uname().release}"

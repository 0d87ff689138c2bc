"""The plot of growth: for each series CPU time a call over the amount of work, both axes logarithmic, as SVG."""

import math
from html import escape

from growth import SERIES, Series, case_name
from plot import COLOURS
from results import Results

WIDTH, HEIGHT, LEFT, TOP, GAP = 380, 260, 60, 60, 90


def lines(results: Results, series: Series) -> dict[str, list[tuple[int, float]]]:
    """Of each peer: (amount, CPU-µs a call)."""
    out: dict[str, list[tuple[int, float]]] = {}
    for amount in series.amounts:
        for peer in results.peers(case_name(series, amount)):
            out.setdefault(peer, []).append((amount, results.median(case_name(series, amount), peer, "cpu_us")))
    return out


def panel(series: Series, found: dict[str, list[tuple[int, float]]], colours: dict[str, str], left: int, top: int) -> list[str]:
    values = [value for points in found.values() for _, value in points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)
    high = max(high, low + 1)
    # Nothing has a place on a logarithmic axis: a third of what follows it stands for it.
    spots = [math.log10(amount or series.amounts[1] / 3) for amount in series.amounts]
    place = dict(zip(series.amounts, spots))

    def x(amount: int) -> float:
        return left + WIDTH * (place[amount] - spots[0]) / (spots[-1] - spots[0])

    def y(value: float) -> float:
        return top + HEIGHT * (high - math.log10(value)) / (high - low)

    out = [f'<text x="{left}" y="{top - 12}" font-size="13">{escape(series.name)}</text>',
           f'<text x="{left}" y="{top + HEIGHT + 32}" fill="#555555">{escape(series.unit)}</text>']
    for exponent in range(low, high + 1):
        at = y(10.0**exponent)
        out.append(f'<line x1="{left}" y1="{at:.1f}" x2="{left + WIDTH}" y2="{at:.1f}" stroke="#dddddd"/>')
        out.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end" fill="#555555">{10.0**exponent:g}</text>')
    for amount in series.amounts:
        out.append(f'<text x="{x(amount):.1f}" y="{top + HEIGHT + 16}" text-anchor="middle" fill="#555555">{amount:,}</text>')
    for peer, points in found.items():
        path = " ".join(f"{x(amount):.1f},{y(value):.1f}" for amount, value in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colours[peer]}" stroke-width="2"/>')
        for amount, value in points:
            out.append(f'<circle cx="{x(amount):.1f}" cy="{y(value):.1f}" r="3.5" fill="{colours[peer]}">'
                       f"<title>{escape(peer)}, {amount:,}: {value:.2f} µs</title></circle>")
    return out


def svg(results: Results) -> str:
    """Two panels a row; empty if nothing was measured."""
    found = [(series, points) for series in SERIES if (points := lines(results, series))]
    peers = [peer for peer in results.kinds if any(peer in points for _, points in found)]
    colours = {peer: COLOURS[i % len(COLOURS)] for i, peer in enumerate(peers)}
    rows = (len(found) + 1) // 2
    width, height = 2 * (LEFT + WIDTH) + 190, TOP + rows * (HEIGHT + GAP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="14">Server CPU-µs a call as the work grows</text>',
    ]
    for i, (series, points) in enumerate(found):
        out += panel(series, points, colours, LEFT + (i % 2) * (LEFT + WIDTH), TOP + i // 2 * (HEIGHT + GAP))
    for i, peer in enumerate(peers):
        at = TOP + 18 * i
        out.append(f'<circle cx="{width - 130}" cy="{at}" r="5" fill="{colours[peer]}"/>')
        out.append(f'<text x="{width - 118}" y="{at + 4}">{escape(peer)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n" if found else ""

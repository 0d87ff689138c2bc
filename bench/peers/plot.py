"""The plot: for each case our server's CPU time a call as a ratio to each peer's, on a logarithmic axis, as SVG."""

import math
from html import escape

from goals import OURS
from results import Results

COLOURS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#999933", "#882255", "#44aa99", "#bbbbbb"]
ROW, LEFT, WIDTH, TOP = 26, 230, 560, 64


def svg(results: Results) -> str:
    """Dots right of the line at 1 are peers that need more than we do."""
    rows = []
    for case in results.samples:
        if case.startswith("growth"):
            continue  # has a plot of its own
        ours = results.median(case, OURS, "cpu_us")
        theirs = {peer: value / ours for peer in results.peers(case)
                  if ours and peer != OURS and (value := results.median(case, peer, "cpu_us"))}
        if theirs:
            rows.append((case, theirs))
    peers = [peer for peer in results.kinds if any(peer in theirs for _, theirs in rows)]
    colours = {peer: COLOURS[i % len(COLOURS)] for i, peer in enumerate(peers)}
    values = [value for _, theirs in rows for value in theirs.values()] or [1.0]
    low = math.floor(math.log2(min(0.5, *values)))
    high = math.ceil(math.log2(max(2.0, *values)))

    def x(value: float) -> float:
        return LEFT + WIDTH * (math.log2(value) - low) / (high - low)

    bottom = TOP + ROW * len(rows)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 150}" height="{bottom + 40}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">Server CPU time a call, as a multiple of {OURS}\'s '
        "(right of the line: more than ours)</text>",
    ]
    for exponent in range(low, high + 1):
        at = x(2.0**exponent)
        colour, thickness = ("#000000", 1.5) if exponent == 0 else ("#dddddd", 1)
        out.append(f'<line x1="{at:.1f}" y1="{TOP - 12}" x2="{at:.1f}" y2="{bottom}" stroke="{colour}" stroke-width="{thickness}"/>')
        out.append(f'<text x="{at:.1f}" y="{TOP - 18}" text-anchor="middle" fill="#555555">{2.0**exponent:g}</text>')
    for i, (case, theirs) in enumerate(rows):
        y = TOP + ROW * i + ROW / 2
        out.append(f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(case)}</text>')
        for peer, value in theirs.items():
            title = f"<title>{escape(peer)}, {escape(case)}: {value:.2f}</title>"
            if results.kinds.get(peer) == "yardstick":
                out.append(f'<path d="M{x(value):.1f} {y - 5} l5 9 h-10 z" fill="none" stroke="{colours[peer]}" stroke-width="1.5">{title}</path>')
            else:
                out.append(f'<circle cx="{x(value):.1f}" cy="{y:.1f}" r="5" fill="{colours[peer]}" fill-opacity="0.85">{title}</circle>')
    for i, peer in enumerate(peers):
        y = TOP + 18 * i
        out.append(f'<circle cx="{LEFT + WIDTH + 20}" cy="{y}" r="5" fill="{colours[peer]}"/>')
        out.append(f'<text x="{LEFT + WIDTH + 32}" y="{y + 4}">{escape(peer)}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"

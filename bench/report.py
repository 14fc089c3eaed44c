"""Puts what bench/compare measured into docs/performance.md, with a picture."""

import datetime
import math
import pathlib
import platform

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "images"

COLORS = {"plain": "#9a9a9a", "mxnet": "#d9822b", "torch": "#c23030", "jax": "#2965cc"}
BAR, GAP, LEFT, WIDTH = 11, 12, 430, 420
LEAST, MOST = 1 / 8, 128  # The scale of the picture: time over that of minnow.


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def place(ratio):
    """Where a ratio stands on the logarithmic scale."""
    share = math.log(min(max(ratio, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LEFT + WIDTH * share


def text(x, y, words, anchor="start", size=12):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}">{words}</text>'


def picture(results):
    """An SVG: for each work a bar for each contestant, from 1 to its ratio."""
    names = [name for name, _, _ in results[0].columns][1:]
    parts, y = [], 50
    for index, name in enumerate(names):
        color = COLORS[name.split()[0]]
        x = LEFT - 160 + index * 160
        parts.append(f'<rect x="{x}" y="8" width="12" height="12" fill="{color}"/>')
        parts.append(text(x + 17, 18, name))
    top = y - 8
    for result in results:
        own = result.columns[0][1]
        bars = [(name, seconds / own) for name, seconds, _ in result.columns[1:] if seconds]
        if not bars:
            continue
        parts.append(text(LEFT - 12, y + len(bars) * BAR / 2 + 4, result.row.title, "end"))
        for name, ratio in bars:
            begin, end = sorted((place(1), place(ratio)))
            color = COLORS[name.split()[0]]
            parts.append(
                f'<rect x="{begin:.1f}" y="{y}" width="{max(end - begin, 1):.1f}" '
                f'height="{BAR - 2}" fill="{color}"/>'
            )
            label = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2g}"
            parts.append(text(end + 4, y + BAR - 3, label, size=9))
            y += BAR
        y += GAP
    for power in range(-3, 8):
        x = place(2.0**power)
        width = 1.5 if power == 0 else 0.3
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{y}" stroke="#555" '
            f'stroke-width="{width}"/>'
        )
        label = f"{2**power} x" if power >= 0 else f"1/{2**-power} x"
        parts.append(text(x, top - 4, label, "middle", 10))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{y + 10}" '
        'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def slower(results):
    """A line for each work in which a peer (not the machine's limit) is faster."""
    for result in results:
        own = result.columns[0][1]
        for name, seconds, _ in result.columns[1:]:
            if seconds and name != "plain" and seconds < 0.97 * own:
                yield f"- {result.row.title}: {name} takes {seconds / own:.2f} of minnow's time."


def write(work, threads, rounds, results, table):
    """Replaces the section of this work and number of threads."""
    begin, end = f"<!-- compare {work} {threads} -->\n", "<!-- end -->"
    document = DOCUMENT.read_text()
    if begin not in document:
        raise SystemExit(f"compare: {DOCUMENT} has no line {begin.strip()}")
    image = PICTURES / f"performance_{work}_{threads}.svg"
    image.write_text(picture(results))
    losses = list(slower(results))
    lines = [
        f"{datetime.date.today()}, {processor()}, {threads} thread{'s' * (threads > 1)}, median of "
        f"{rounds} rounds. In parentheses the ratio to minnow: above 1, the peer takes longer.",
        "",
        *table,
        "",
        f"![The ratios of the table as bars: the time of each contestant over that of minnow.]"
        f"(images/{image.name})",
        "",
        "Where a peer is faster:" if losses else "No peer is faster in any of them.",
        *([""] if losses else []),
        *losses,
        "",
    ]
    before, _, rest = document.partition(begin)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(before + begin + "\n".join(lines) + end + after)

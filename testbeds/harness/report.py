"""Medians, spreads, paired ratios, and the Markdown that goes to docs/performance.md."""

import os
import platform
import statistics


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def spread(values, digits):
    """``median (least–most)``."""
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    middle = number(statistics.median(values), digits)
    if len(values) < 2:
        return middle
    return f"{middle} ({number(min(values), digits)}–{number(max(values), digits)})"


def number(value, digits):
    if value is None:
        return "–"
    return f"{value:,.0f}" if digits == 0 else f"{value:.{digits}f}"


def digits_for(value):
    return 1 if value is not None and value >= 10 else 2


def paired(values, base):
    """Ratios round by round: what disturbs a whole round disturbs both."""
    return [a / b for a, b in zip(values, base) if a is not None and b]


def differences(values, base):
    return [a - b for a, b in zip(values, base) if a is not None and b is not None]


def ratio(cpu, peer, base):
    """The paired ratios of a proxy's CPU to another's, by name; a dash for the direct way."""
    return spread(paired(cpu[peer.name], cpu[base]), 2) if base and peer.process else "–"


def named(peers, name):
    """The name if one of them has it."""
    return next((p.name for p in peers if p.name == name), None)


def megabytes(size):
    return "–" if size is None else f"{size / 1e6:.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- " + "| ---: " * (len(head) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="ascii") as info:
        memory = int(info.readline().split()[1]) / (1 << 20)
    return f"{os.cpu_count()} × {model}, {memory:.0f} GB, Linux {platform.release()}"

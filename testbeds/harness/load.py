"""The load: redis-benchmark, and connections that come and go."""

import csv
import io
import os
import re
import sys

from . import processes

CONNECT_LOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "connect_load.py")


class Cell:
    """A kind of load: size of the values and depth of the pipeline."""

    def __init__(self, value, pipeline):
        self.value, self.pipeline = value, pipeline
        self.rate = None  # requests per second, from the last run

    def __str__(self):
        size = f"{self.value >> 10} KiB" if self.value >= 1024 else f"{self.value} B"
        return f"{size}, pipeline {self.pipeline}"


class Result:
    """What one run of redis-benchmark said, and what the proxy spent on it."""

    def __init__(self, rate, p50, p99, cpu):
        self.rate, self.p50, self.p99, self.cpu = rate, p50, p99, cpu

    def fields(self):
        return {"requests_per_second": self.rate, "p50_ms": self.p50, "p99_ms": self.p99, "cpu_us": self.cpu}


def redis_benchmark(peer, cell, core, seconds, clients=50):
    """SET, then GET, each for about ``seconds``: chosen as a number of requests by the rate of the last run."""
    rate = cell.rate or (20_000 if cell.pipeline == 1 else 100_000)
    requests = max(clients * cell.pipeline * 4, int(rate * seconds))
    before = peer.process.cpu() if peer.process else 0
    out = processes.run(
        ["redis-benchmark", "-h", "127.0.0.1", "-p", str(peer.port), "-c", str(clients), "-P", str(cell.pipeline)]
        + ["-d", str(cell.value), "-n", str(requests), "-t", "set,get", "--csv"],
        core,
        patience=60 + 20 * seconds,
    )
    cpu = (peer.process.cpu() - before) * 1e6 / (2 * requests) if peer.process else None
    rows = [row for row in csv.reader(io.StringIO(out)) if row and row[0] in ("SET", "GET")]
    if len(rows) != 2:
        raise processes.Failed(f"redis-benchmark printed no figures through {peer.name}: {out.strip()[-300:]}")
    rates = [float(row[1]) for row in rows]
    result = Result(
        2 / sum(1 / one for one in rates),
        sum(float(row[4]) for row in rows) / 2,
        max(float(row[6]) for row in rows),
        cpu,
    )
    cell.rate = result.rate
    return result


def connect_load(peer, core, connections, patience):
    """Connections, each with one PING, then closed. CPU microseconds of the proxy for each."""
    before = peer.process.cpu()
    out = processes.run(
        [sys.executable, CONNECT_LOAD, "cycle", str(peer.port), str(connections)], core, patience=patience
    )
    rate = float(re.search(r"rate ([\d.]+)", out).group(1))
    return (peer.process.cpu() - before) * 1e6 / connections, rate


def connect_timed(peer, core, seconds):
    """The same for so many seconds."""
    before = peer.process.cpu()
    out = processes.run(
        [sys.executable, CONNECT_LOAD, "timed", str(peer.port), str(seconds)], core, patience=60 + 2 * seconds
    )
    found = re.search(r"rate ([\d.]+) count (\d+)", out)
    return (peer.process.cpu() - before) * 1e6 / int(found.group(2)), float(found.group(1))


def hold(peer, core, connections, folder):
    """A process that holds idle connections, each used once."""
    holder = processes.Process(
        f"holder {peer.name}", [sys.executable, "-u", CONNECT_LOAD, "hold", str(peer.port), str(connections)], core, folder
    )
    return holder

"""sysbench on a MySQL server through a proxy: CPU of the proxy for each query, rate, latency."""

import os
import re
import shutil

from . import processes

THREADS = 8
ROWS = 10_000


class Cell:
    """A kind of load."""

    def __init__(self, script, prepared):
        self.script, self.prepared = script, prepared

    def __str__(self):
        return f"{self.script}, {'prepared' if self.prepared else 'text'}"


class Result:
    def __init__(self, queries, rate, p99, cpu):
        self.queries, self.rate, self.p99, self.cpu = queries, rate, p99, cpu

    def fields(self):
        return {"queries": self.queries, "queries_per_s": self.rate, "p99_ms": self.p99, "cpu_us_per_query": self.cpu}


def _command(script, port, *options):
    binary = shutil.which("sysbench")
    if not binary:
        raise processes.Failed("sysbench is not installed: testbeds/install-servers.sh")
    return [binary, script, "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={port}", "--mysql-user=root",
            "--mysql-db=test", *options]  # fmt: skip


def prepare(server, core):
    processes.run(_command("oltp_read_only", server.port, f"--table-size={ROWS}", "prepare"), core, 120)


def _load(peer, core, patience, script, *options):
    before = peer.process.cpu() if peer.process else 0
    out = processes.run(_command(script, peer.port, f"--threads={THREADS}", "--percentile=99", *options, "run"), core, patience)
    used = peer.process.cpu() - before if peer.process else None
    queries, rate = re.search(r"queries:\s+(\d+)\s+\(([\d.]+) per sec", out).groups()
    p99 = re.search(r"99th percentile:\s+([\d.]+)", out)[1]
    errors = int(re.search(r"ignored errors:\s+(\d+)", out)[1])
    if errors or int(queries) == 0:
        raise processes.Failed(f"{errors} errors, {queries} queries through {peer.name}: {out.strip()}")
    cpu = None if used is None else used * 1e6 / int(queries)
    return Result(int(queries), float(rate), float(p99), cpu)


def run(peer, cell, core, seconds):
    """One figure: ``seconds`` of this load."""
    mode = "auto" if cell.prepared else "disable"
    options = [f"--table-size={ROWS}", f"--db-ps-mode={mode}", f"--time={max(1, round(seconds))}"]
    return _load(peer, core, seconds + 60, cell.script, *options)


def distinct(peer, core, count, base):
    """``count`` statements without two of the same digest."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "distinct.lua")
    options = ["--db-ps-mode=disable", "--time=0", f"--events={count}", f"--base={base}"]
    return _load(peer, core, 120 + count / 500, script, *options)

"""MongoDB's messages through a proxy: CPU of the proxy for each command, rate, latency; and whether Weir counts what was sent."""

import json
import re
import urllib.request

from . import processes, report


class Cell:
    """A kind of load: the work (MongoWork of the test beds) and on how many connections it is done."""

    def __init__(self, work, connections, text):
        self.work, self.connections, self.text = work, connections, text

    def __str__(self):
        return f"{self.text}, {self.connections} connections"


CELLS = [
    Cell("find_one", 50, "find by _id, one document of 200 B"),
    Cell("find_100", 16, "find, batch of 100 documents"),
    Cell("insert_1000", 8, "insert of 1,000 documents, 1 MB"),
]
# As Weir names them in its metrics.
COMMANDS = {"find_one": "find", "find_100": "find", "insert_1000": "insert"}


class Result:
    def __init__(self, figures, cpu):
        self.sent, self.rate = figures["sent"], figures["sent"] / figures["seconds"]
        self.p50, self.p99 = figures["p50_us"] / 1000, figures["p99_us"] / 1000
        self.cpu = None if cpu is None else cpu * 1e6 / self.sent

    def fields(self):
        return {"sent": self.sent, "per_s": self.rate, "p50_ms": self.p50, "p99_ms": self.p99, "cpu_us": self.cpu}


class Bed:
    """The server of prepared answers and the load, one process; what was sent through each peer and how much memory it took."""

    def __init__(self, class_path, folder, core, load):
        java = ["java", "-XX:+UseSerialGC", "-Xmx512m", "-cp", class_path, "dev.weir.testbeds.bench.MongoBed"]
        self.process = processes.Process("mongo-bed", java, core, folder, dialogue=True)
        self.port = int(self.process.line(60).split()[1])
        self.load = load
        self.sent, self.most = {}, {}

    def run(self, peer, cell, seconds):
        """One figure: ``seconds`` of this load."""
        line = f"{self.load} {peer.port} {cell.work} {cell.connections} {seconds:g}"
        if not peer.process:
            return Result(self._ask(line, seconds), None)
        before = peer.process.cpu()
        with processes.ResidentWatch(peer.process) as watch:
            figures = self._ask(line, seconds)
        used = peer.process.cpu() - before
        self.most[peer.name] = max(self.most.get(peer.name, 0), watch.most)
        sent = self.sent.setdefault(peer.name, {})
        command = COMMANDS[cell.work]
        sent[command] = sent.get(command, 0) + figures["sent"]
        return Result(figures, used)

    def _ask(self, line, seconds):
        return json.loads(self.process.ask(line, seconds + 60))

    def verdict(self, peer):
        """Compares what Weir counted with what was sent; fails where they differ."""
        sent = self.sent[peer.name]
        counted, failed = counts(peer.admin)
        if failed or any(counted.get(command) != n for command, n in sent.items()):
            raise processes.Failed(f"sent {sent}, {peer.name} counted {counted}, failures: {failed}")
        figures = " and ".join(f"{n:,} `{command}`" for command, n in sent.items())
        return f"All commands sent through {peer.name}, warm-up included, are in its metrics: {figures}; no decoder was switched off."


def counts(admin):
    """By command what ended without an error, and all lines that tell of a failure."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    counted, failed = {}, []
    for line in lines:
        series = re.fullmatch(r"db_client_operation_duration_seconds_count\{(.*)\} (\S+)", line)
        if series:
            labels = dict(re.findall(r'(\w+)="([^"]*)"', series[1]))
            command = labels["db_operation_name"]
            if labels["error_type"]:
                failed.append(line)
            else:
                counted[command] = counted.get(command, 0) + int(float(series[2]))
        elif re.match(r"weir_(sniffer_stops|mongo_lossy|mongo_unsolicited)_total\b.* (?!0(\.0)?$)", line):
            failed.append(line)
    return counted, failed


def table(chosen, cell, results):
    cpu = {p.name: [r.cpu for r in results[p.name, str(cell)]] for p in chosen}
    base, plain = report.named(chosen, "HAProxy"), report.named(chosen, "Weir tcp_proxy")
    rows = []
    for peer in chosen:
        mine = results[peer.name, str(cell)]
        more = "–"
        if plain and peer.name == "Weir mongo_stats":
            more = report.spread(report.differences(cpu[peer.name], cpu[plain]), 1)
        rows.append(
            [
                f"{peer.name} {peer.version}".strip(),
                report.spread(cpu[peer.name], report.digits_for(report.median(cpu[peer.name]))),
                report.ratio(cpu, peer, base),
                report.ratio(cpu, peer, plain),
                more,
                report.spread([r.rate for r in mine], 0),
                report.number(report.median([r.p50 for r in mine]), 2),
                report.number(report.median([r.p99 for r in mine]), 2),
            ]
        )
    head = [str(cell), "CPU µs/command", "× HAProxy", "× Weir tcp_proxy", "µs more than it"]
    return report.table(head + ["commands/s", "p50 ms", "p99 ms"], rows)


def memory_table(chosen, warm, most):
    rows = [
        [f"{p.name} {p.version}".strip(), report.megabytes(warm[p.name]), report.megabytes(most[p.name])]
        for p in chosen
        if p.process
    ]
    return report.table(["process", "resident MB after the warm-up", "most"], rows)

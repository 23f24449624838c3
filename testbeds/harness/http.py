"""HTTP proxies beside each other: CPU of the proxy for each request, latencies at a rate that all of them carry, memory."""

import os
import re
import subprocess
import time

from . import http_peers, processes, report, tls

# Until the first figure says more.
FIRST_RATE = {"small": 10_000, "large": 2_000, "grpc": 10_000}
# Of a run at a rate: connections are made, tables are filled.
SKIPPED = 0.2


class Cell:
    """A kind of load on one way through the proxies."""

    def __init__(self, name, text, way, size, connections, streams):
        self.name, self.text, self.way, self.size = name, text, way, size
        self.connections, self.streams = connections, streams

    def __str__(self):
        many = f"{self.connections} connections" + (f" × {self.streams} streams" if self.streams > 1 else "")
        return f"{self.text}, {many}"

    @property
    def http1(self):
        return self.way.startswith("1")

    def path(self):
        return http_peers.GRPC_PATH if self.size == "grpc" else "/" + self.size


CELLS = [
    Cell("small-1-1", "HTTP/1.1 → HTTP/1.1, 100 B", "1-1", "small", 50, 1),
    Cell("large-1-1", "HTTP/1.1 → HTTP/1.1, 64 KiB", "1-1", "large", 50, 1),
    Cell("small-2-1", "HTTP/2 → HTTP/1.1, 100 B", "2-1", "small", 10, 10),
    Cell("large-2-1", "HTTP/2 → HTTP/1.1, 64 KiB", "2-1", "large", 10, 4),
    Cell("small-2-2", "HTTP/2 → HTTP/2, 100 B", "2-2", "small", 10, 10),
    Cell("grpc", "gRPC unary, 52 B and 102 B", "grpc", "grpc", 10, 10),
]
MORE_CELLS = [Cell("large-2-2", "HTTP/2 → HTTP/2, 64 KiB", "2-2", "large", 10, 4)]
HALF = "half"


class Result:
    """What a run of the load said, and what the proxy spent on it."""

    def __init__(self, requests, seconds, cpu, compiling=0):
        self.rate = requests / seconds
        self.cpu = cpu * 1e6 / requests if cpu is not None else None
        self.busy = cpu / seconds if cpu is not None else None
        self.compiling = compiling / cpu if cpu else 0

    def fields(self):
        return {"requests_per_second": self.rate, "cpu_us": self.cpu, "core": self.busy, "compiling": self.compiling}


class Bed:
    """The servers, what the loads send, and the proxies' memory."""

    def __init__(self, folder, core):
        self.core, self.folder = core, folder
        self.servers = http_peers.Servers(folder, core)
        self.ways = self.servers.ways()
        self.body = os.path.join(folder, "request.grpc")
        with open(self.body, "wb") as file:
            file.write(http_peers.GRPC_REQUEST)
        self.idle, self.most, self.after = {}, {}, {}

    # ---- the same work for all

    def start(self, peer, core):
        """Starts a proxy and looks at one answer of each way."""
        peer.start_ways(self.ways, core, self.folder)
        for way in self.ways:
            if way.name in peer.ports:
                self._check(peer, way)

    def _check(self, peer, way):
        sizes = ["grpc"] if way.grpc else ["small", "large"]
        for size in sizes:
            out, head = os.path.join(self.folder, "answer"), os.path.join(self.folder, "answer-head")
            path = http_peers.GRPC_PATH if way.grpc else "/" + size
            curl = ["curl", "-sS", "--max-time", "10", "-o", out, "-D", head, "--http1.1" if way.client == 1 else "--http2-prior-knowledge"]
            if way.grpc:
                curl += ["-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", "@" + self.body]
            processes.run(curl + [f"http://127.0.0.1:{peer.ports[way.name]}{path}"], self.core, 20)
            with open(out, "rb") as file:
                body = file.read()
            with open(head, encoding="latin-1") as file:
                lines = [line.strip() for line in file]
            with open(os.path.join(self.servers.documents, path[1:]), "rb") as file:
                expected = file.read()
            wrong = not re.match(rf"HTTP/{'1.1' if way.client == 1 else '2'} 200", lines[0]) or body != expected
            if way.grpc and not wrong:
                lines += self._trailers(peer, way, path)
            if wrong or (way.grpc and "grpc-status: 0" not in lines):
                raise processes.Failed(f"{peer.name}, {way.name}, {path}: {len(body)} bytes, {' | '.join(lines)}")

    def _trailers(self, peer, way, path):
        """Those of HTTP/2, which not every curl tells."""
        command = ["nghttp", "-nv", "-d", self.body, "-H", ":method: POST", "-H", "content-type: application/grpc", "-H", "te: trailers"]
        out = processes.run(command + [f"http://127.0.0.1:{peer.ports[way.name]}{path}"], self.core, 20)
        return [line.split(") ", 1)[-1] for line in out.splitlines() if ") grpc-" in line]

    # ---- load

    def run(self, peer, cell, seconds, rate):
        """As much as the proxy carries."""
        load = self._wrk if cell.http1 else self._h2load
        if not peer.process:
            done, took = load(peer, cell, seconds, rate)
            return Result(done, took, None)
        before, compiled = peer.process.cpu(), tls.compilers(peer.process.pid)
        with processes.ResidentWatch(peer.process) as watch:
            done, took = load(peer, cell, seconds, rate)
        self.most[peer.name] = max(self.most.get(peer.name, 0), watch.most)
        cpu = peer.process.cpu() - before
        return Result(done, took, cpu, max(0, tls.compilers(peer.process.pid) - compiled))

    def _url(self, peer, cell):
        return f"http://127.0.0.1:{peer.ports[cell.way]}{cell.path()}"

    def _wrk(self, peer, cell, seconds, _):
        """For whole seconds, as it knows no others."""
        url = self._url(peer, cell)
        command = ["wrk", "-t", "1", "-c", str(cell.connections), "-d", f"{max(1, round(seconds))}s", "--timeout", "10s", url]
        out = processes.run(command, self.core, seconds + 60)
        found = re.search(r"(\d+) requests in ([\d.]+)(m?s|m),", out)
        if not found or "Socket errors" in out or "Non-2xx" in out:
            raise processes.Failed(f"{peer.name}, {cell}: {' | '.join(out.split(chr(10)))}")
        return int(found.group(1)), float(found.group(2)) * {"ms": 0.001, "s": 1, "m": 60}[found.group(3)]

    def _h2load(self, peer, cell, seconds, rate):
        count = max(cell.connections * cell.streams * 4, round(rate * seconds))
        out = processes.run(self._h2load_command(peer, cell, count, []), self.core, 60 + 20 * seconds)
        return count, self._finished(peer, cell, count, out)

    def _h2load_command(self, peer, cell, count, more):
        words = ["h2load", "-t", "1", "-n", str(count), "-c", str(cell.connections), "-m", str(cell.streams)] + more
        if cell.http1:
            words.append("--h1")
        if cell.size == "grpc":
            words += ["-d", self.body, "-H", "content-type: application/grpc", "-H", "te: trailers"]
        return words + [self._url(peer, cell)]

    @staticmethod
    def _finished(peer, cell, count, out):
        """Seconds that it took; each answer must be a good one."""
        found = re.search(r"^finished in ([\d.]+)(us|ms|s|m)\b", out, re.MULTILINE)
        if not found or f"status codes: {count} 2xx" not in out or f" {count} succeeded" not in out:
            raise processes.Failed(f"{peer.name}, {cell}, {count} requests: {' | '.join(out.split(chr(10))[-12:])}")
        return float(found.group(1)) * {"us": 1e-6, "ms": 0.001, "s": 1, "m": 60}[found.group(2)]

    def at_rate(self, peer, cell, rate, seconds):
        """So many requests a second, as long as a connection has a stream to spare; the times of the later ones, from when each was sent."""
        log = os.path.join(self.folder, "requests.log")
        if os.path.exists(log):
            os.remove(log)
        each = rate / cell.connections
        count = max(1, round(each * seconds)) * cell.connections
        command = self._h2load_command(peer, cell, count, [f"--rps={each:.3f}", "--log-file", log])
        before = peer.process.cpu() if peer.process else 0
        out = processes.run(command, self.core, 60 + 5 * seconds)
        cpu = peer.process.cpu() - before if peer.process else None
        took = self._finished(peer, cell, count, out)
        with open(log, encoding="ascii") as file:
            rows = [[int(word) for word in line.split("\t")[:3]] for line in file]
        rows.sort()
        times = sorted(time_us for _, _, time_us in rows[int(len(rows) * SKIPPED) :])
        found = {f"p{name}_ms": times[min(len(times) - 1, int(len(times) * part))] / 1000 for name, part in (("50", 0.5), ("99", 0.99), ("999", 0.999))}
        return {**found, "cpu_us": cpu * 1e6 / count if cpu is not None else None, "carried": count / took / rate}

    # ---- memory

    def rest(self, chosen):
        time.sleep(2)
        for peer in chosen:
            if peer.process:
                self.after[peer.name] = peer.process.resident()


def able(chosen, cell):
    return [peer for peer in chosen if cell.way in peer.ports]


def choose_cells(options):
    cells = CELLS + (MORE_CELLS if options.all_cells else [])
    names = [cell.name for cell in CELLS + MORE_CELLS] + [HALF]
    if not options.parts:
        return cells, True
    parts = options.parts.split(",")
    unknown = [part for part in parts if part not in names]
    if unknown:
        raise SystemExit(f"unknown parts {', '.join(unknown)} (expected: {', '.join(names)})")
    chosen = [cell for cell in CELLS + MORE_CELLS if cell.name in parts]
    return chosen or cells, HALF in parts


def start(bed, chosen, core, say):
    """Those that run, and why others do not: a Weir without this terminal, beside which the rest is compared all the same."""
    running, reasons = [], []
    for peer in chosen:
        try:
            bed.start(peer, core)
        except processes.Failed as failed:
            if not isinstance(peer, http_peers.Weir):
                raise
            reasons.append(f"Weir {peer.version} is left out, it does not run this configuration: {failed}")
            say(reasons[-1])
            peer.stop()
            continue
        running.append(peer)
    time.sleep(2)
    for peer in running:
        if peer.process:
            bed.idle[peer.name] = peer.process.resident()
    return running, reasons


def warm(bed, chosen, cells, options, rates, say):
    """Only who compiles itself while it runs needs a long one."""
    for peer in chosen:
        say(f"warm-up: {peer.name}")
        for cell in cells:
            if cell.way not in peer.ports:
                continue
            rates[peer.name, str(cell)] = FIRST_RATE[cell.size]
            seconds = options.warm_seconds if peer.name == "Weir" else min(1, options.warm_seconds)
            for part in (0.2, seconds):
                rates[peer.name, str(cell)] = bed.run(peer, cell, part, rates[peer.name, str(cell)]).rate


def measure(bed, chosen, cells, options, rates, say):
    results = {}
    for number in range(options.rounds):
        for cell in cells:
            for peer in able(chosen, cell):
                result = bed.run(peer, cell, options.seconds, rates[peer.name, str(cell)])
                rates[peer.name, str(cell)] = result.rate
                results.setdefault((peer.name, str(cell)), []).append(result)
            line = ", ".join(f"{p.name} {report.number(results[p.name, str(cell)][-1].cpu, 1)}" for p in able(chosen, cell) if p.process)
            say(f"round {number + 1}/{options.rounds}, {cell}: {line} µs")
    return results


def half_load(bed, chosen, cell, results, options, say):
    """Latencies at half of what the slowest of the proxies carries."""
    carriers = able(chosen, cell)
    rate = min(report.median([r.rate for r in results[p.name, str(cell)]]) for p in carriers if p.process) / 2
    found = {p.name: [] for p in carriers}
    for number in range(options.rounds):
        for peer in carriers:
            found[peer.name].append(bed.at_rate(peer, cell, rate, options.seconds))
        line = ", ".join(f"{p.name} {found[p.name][-1]['p99_ms']:.3f}" for p in carriers)
        say(f"round {number + 1}/{options.rounds}, {cell}, half load: p99 {line} ms")
    return rate, found


# ---- tables


def bases(chosen):
    return [name for name in (report.named(chosen, each) for each in ("HAProxy", "Envoy")) if name]


def costs(cell, chosen, results):
    return {p.name: [r.cpu for r in results[p.name, str(cell)]] for p in able(chosen, cell) if p.process}


def summary(chosen, cells, results):
    others = [peer for peer in chosen if peer.process and peer.name != "Weir"]
    rows = []
    for cell in cells:
        cpu = costs(cell, chosen, results)
        rows.append([str(cell)] + [report.spread(report.paired(cpu["Weir"], cpu[p.name]), 2) for p in others])
    return report.table(["CPU of Weir, × that of"] + [f"{p.name} {p.version}" for p in others], rows)


def table(chosen, cell, results):
    cpu = costs(cell, chosen, results)
    rows = []
    for peer in able(chosen, cell):
        mine = results[peer.name, str(cell)]
        row = [f"{peer.name} {peer.version}".strip(), report.spread(cpu.get(peer.name, []), 1)]
        row += [report.ratio(cpu, peer, base) for base in bases(chosen)]
        row += [report.spread([r.rate for r in mine], 0), f"{report.median([r.busy for r in mine]):.0%}" if peer.process else "–"]
        rows.append(row)
    return report.table([str(cell), "CPU µs/request"] + [f"× {base}" for base in bases(chosen)] + ["requests/s", "of the core"], rows)


def half_table(chosen, cell, rate, found):
    cpu = {name: [r["cpu_us"] for r in rounds] for name, rounds in found.items()}
    rows = [
        [f"{p.name} {p.version}".strip(), report.spread(cpu[p.name], 1)]
        + [report.ratio(cpu, p, base) for base in bases(chosen)]
        + [report.spread([r[key] for r in found[p.name]], 2) for key in ("p50_ms", "p99_ms", "p999_ms")]
        + [f"{report.median([r['carried'] for r in found[p.name]]):.0%}"]
        for p in able(chosen, cell)
    ]
    head = [f"{cell}, {rate:,.0f} requests/s", "CPU µs/request"] + [f"× {base}" for base in bases(chosen)]
    return report.table(head + ["p50 ms", "p99 ms", "p99.9 ms", "of them carried"], rows)


def memory_table(bed, chosen):
    rows = [
        [f"{p.name} {p.version}".strip()] + [report.megabytes(each.get(p.name)) for each in (bed.idle, bed.most, bed.after)]
        for p in chosen
        if p.process
    ]
    return report.table(["process", "resident MB idle", "under load", "afterwards"], rows)


def run(options, folder, names, cores, weir_command, say):
    proxy_core, load_core = cores
    cells, half = choose_cells(options)
    bed = Bed(folder, load_core)
    chosen, reasons = start(bed, http_peers.choose(names, weir_command, say), proxy_core, say)
    rates = {}
    warm(bed, chosen, cells, options, rates, say)
    results = measure(bed, chosen, cells, options, rates, say)
    halves = {}
    for cell in cells if half else []:
        halves[str(cell)] = half_load(bed, chosen, cell, results, options, say)
    bed.rest(chosen)
    text = [
        f"Load: wrk (HTTP/1.1) and h2load (HTTP/2, gRPC, and all rates), about {options.seconds:g} s per figure, {options.rounds} rounds, in front of "
        f"{bed.servers.version}. Warm-up of Weir: {options.warm_seconds:g} s of each kind of load, of the others up to 1 s."
    ]
    text += [f"**{reason}.**" for reason in reasons]
    if report.named(chosen, "Weir") and len([peer for peer in chosen if peer.process]) > 1:
        text.append(summary(chosen, cells, results))
    for cell in cells:
        text.append(table(chosen, cell, results))
        if half:
            text.append(half_table(chosen, cell, *halves[str(cell)]))
    text += tls.compiling(cells, results)
    text.append(memory_table(bed, chosen))
    raw = {
        "results": [{"peer": name, "cell": cell, "rounds": [r.fields() for r in found]} for (name, cell), found in results.items()],
        "half_load": [{"cell": cell, "rate": rate, "peers": found} for cell, (rate, found) in halves.items()],
        "processes": [
            {"peer": p.name, "version": p.version, "resident_idle": bed.idle.get(p.name), "resident_load": bed.most.get(p.name), "resident_after": bed.after.get(p.name)}
            for p in chosen
            if p.process
        ],
    }
    return text, raw

"""TLS terminated and originated: CPU of the proxy for each handshake, gigabyte and small request; memory of idle connections."""

import json
import os
import time

from . import peers, processes, report, tls_peers

PARTS = ("handshakes", "originate", "bulk", "small", "memory")
LANES = 16
# Connections before memory is looked at.
MEMORY_WARM_UP = 12_000
BULK = 64 << 10
# Less is not worth the name.
RESUMED = 0.9
TICKETS = ["-Djdk.tls.client.enableSessionTicketExtension=true", "-Djdk.tls.server.enableSessionTicketExtension=true"]
SUITE = "AES_128_GCM_SHA256"
# Servers with TLS: what a proxy finds when it is the client.
SERVERS = [("ec", "TLSv1.3"), ("ec", "TLSv1.2"), ("rsa", "TLSv1.3")]
KINDS = {"rsa": "RSA-2048", "ec": "P-256"}


class Cell:
    """A kind of load on one way through the proxies; ``client`` is how the load speaks (TlsBed of the test beds)."""

    per, rate_head, digits, scale = "CPU µs/handshake", "handshakes/s", 0, 1e6

    def __init__(self, part, way, client, text):
        self.part, self.way, self.client, self.text = part, way, client, text
        self.resumes = "resumed" in client or way.endswith("resumed")

    def __str__(self):
        return self.text

    def request(self, port, seconds):
        return f"handshakes {port} {self.client} {LANES} {seconds:g}"

    def amount(self, figures):
        return figures["connections"]


class Echo(Cell):
    """Requests on connections that stay."""

    def __init__(self, part, text, connections, size, per, rate_head, digits, scale):
        super().__init__(part, "ec", "full:TLSv1.3", text)
        self.connections, self.size = connections, size
        self.per, self.rate_head, self.digits, self.scale = per, rate_head, digits, scale

    def request(self, port, seconds):
        return f"echo {port} {self.client} {self.connections} {seconds:g} {self.size}"


class Bulk(Echo):
    def amount(self, figures):
        """Gigabytes, both directions together."""
        return figures["requests"] * 2 * self.size / 1e9


class Small(Echo):
    def amount(self, figures):
        return figures["requests"]


def all_cells():
    cells = [
        Cell("handshakes", kind, f"full:{version}", f"terminate, full handshake, {KINDS[kind]}, {version}")
        for kind in ("ec", "rsa")
        for version in ("TLSv1.3", "TLSv1.2")
    ]
    cells += [
        Cell("handshakes", "ec", f"resumed:{version}", f"terminate, resumed handshake, P-256, {version}")
        for version in ("TLSv1.3", "TLSv1.2")
    ]
    cells += [Cell("originate", f"to-{kind}-{version}", "plain", f"originate, full handshake, {KINDS[kind]}, {version}") for kind, version in SERVERS]
    cells.append(Cell("originate", "to-resumed", "plain", "originate, sessions kept, P-256, TLSv1.3"))
    text = "terminate, values of 64 KiB, 8 connections, TLSv1.3"
    cells.append(Bulk("bulk", text, 8, BULK, "CPU s/GB", "GB/s", 2, 1))
    text = "terminate, requests of 64 B, 50 connections, TLSv1.3"
    cells.append(Small("small", text, 50, 64, "CPU µs/request", "requests/s", 1, 1e6))
    return cells


class Result:
    def __init__(self, cell, figures, cpu, compiling):
        amount = cell.amount(figures)
        self.cpu, self.rate, self.busy = cpu * cell.scale / amount, amount / figures["seconds"], cpu / figures["seconds"]
        self.compiling = compiling / cpu if cpu else 0
        self.p50, self.p99 = figures["p50_us"] / 1000, figures["p99_us"] / 1000
        side = "server_" if cell.part == "originate" else ""
        done = figures["server_handshakes"] if side else figures["connections"]
        self.resumed = figures[side + "resumed"] / max(1, done)

    def fields(self):
        return {
            "cpu": self.cpu,
            "per_s": self.rate,
            "core": self.busy,
            "compiling": self.compiling,
            "resumed": self.resumed,
            "p50_ms": self.p50,
            "p99_ms": self.p99,
        }


def compilers(pid):
    """CPU seconds that the threads of the JVM's compilers, as many as there are now, have had; 0 of another program."""
    ticks = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8", errors="replace") as stat:
                head, fields = stat.read().rsplit(") ", 1)
        except OSError:
            continue  # it ended
        if "Compiler" in head:
            ticks += sum(int(field) for field in fields.split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


class Bed:
    """Echo servers with and without TLS and the load, one process; the certificates; the ways through each proxy."""

    def __init__(self, class_path, folder, core):
        self.certificates = tls_peers.Certificates(folder)
        self.folder = folder
        servers = [
            f"{version}:{self.certificates.path(kind, 'pem')}:{self.certificates.path(kind, 'key')}" for kind, version in SERVERS
        ]
        java = ["java", "-XX:+UseSerialGC", "-Xmx1g", *TICKETS, "-cp", class_path, "dev.weir.testbeds.bench.TlsBed", *servers]
        self.process = processes.Process("tls-bed", java, core, folder, dialogue=True)
        ports = [int(word) for word in self.process.line(60).split()[1:]]
        self.plain, tls = ports[0], ports[1:]
        self.ways = [tls_peers.Way(kind, kind=kind) for kind in KINDS]
        self.ways += [tls_peers.Way(f"to-{kind}-{version}", upstream=port) for (kind, version), port in zip(SERVERS, tls)]
        self.ways.append(tls_peers.Way("to-resumed", upstream=tls[0], resuming=True))

    def start(self, peer, core, terminating=False):
        ways = [way for way in self.ways if way.kind] if terminating else self.ways
        peer.start_ways(ways, self.certificates, self.plain, core, self.folder)

    def ask(self, line, patience):
        answer = json.loads(self.process.ask(line, patience))
        if "error" in answer:
            raise processes.Failed(f"{line}: {answer['error']}")
        return answer

    def run(self, peer, cell, seconds):
        before, compiled = peer.process.cpu(), compilers(peer.process.pid)
        figures = self.ask(cell.request(peer.ports[cell.way], seconds), seconds + 60)
        cpu = peer.process.cpu() - before
        compiling = max(0, compilers(peer.process.pid) - compiled)
        self._check(peer, cell, figures)
        return Result(cell, figures, cpu, compiling)

    @staticmethod
    def _check(peer, cell, figures):
        """All proxies are to do the same work."""
        used = figures["server_ciphers"] if cell.part == "originate" else figures["cipher"]
        version = cell.client.split(":")[-1]
        wrong = [each for each in used.split(", ") if not each.endswith(SUITE) or (version != "plain" and not each.startswith(version))]
        if wrong or not figures["connections"]:
            raise processes.Failed(f"{peer.name}, {cell}: {used} (expected: {version} with {SUITE})")
        if cell.part == "originate" and figures["server_handshakes"] < figures["connections"]:
            raise processes.Failed(f"{peer.name}, {cell}: {figures}: fewer handshakes at the server than connections")
        if not cell.resumes and figures["resumed"] + figures["server_resumed"]:
            raise processes.Failed(f"{peer.name}, {cell}: {figures}: resumed")

    def warm(self, peer, cells, connections, seconds):
        """Many full handshakes, a third of them each with P-256, with RSA, and as a client; then each kind of load."""
        for way, client in (("ec", "full:TLSv1.3"), ("rsa", "full:TLSv1.2"), ("to-ec-TLSv1.3", "plain")):
            if way in peer.ports:
                self.ask(f"count {peer.ports[way]} {client} {LANES} {connections // 3}", 600)
        for cell in cells:
            if cell.way in peer.ports:
                self.run(peer, cell, seconds)

    def held(self, peer, core, count, connections):
        """Resident memory of a fresh process, warmed up by ``connections``, before and while many connections are open."""
        self.start(peer, core, terminating=True)
        port = peer.ports["ec"]
        self.ask(f"count {port} full:TLSv1.3 {LANES} {connections}", 600)
        time.sleep(2)
        before = peer.process.resident()
        self.ask(f"hold {port} full:TLSv1.3 {LANES} {count}", 600)
        time.sleep(2)
        during = peer.process.resident()
        if not self.ask("release -", 120)["alive"]:
            raise processes.Failed(f"{peer.name} closed some of {count} idle connections: {peer.process.tail()}")
        peer.stop()
        return before, during


def run(options, folder, names, cores, weir_command, say):
    proxy_core, load_core = cores
    parts = (options.parts or ",".join(PARTS)).split(",")
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise SystemExit(f"unknown parts {', '.join(unknown)} (expected: {', '.join(PARTS)})")
    bed = Bed(peers.class_path(), folder, load_core)
    chosen = tls_peers.choose(names, weir_command, say)
    cells = [cell for cell in all_cells() if cell.part in parts]
    results = measure(bed, chosen, cells, options, proxy_core, say) if cells else {}
    text = [
        f"Load: TlsBed, {options.seconds:g} s per figure, {options.rounds} rounds. Warm-up of Weir: {options.warm_connections:,} connections with a "
        f"full handshake each, then {options.warm_seconds:g} s of each kind; of the others a tenth, and up to 1 s. X25519 and AES-128-GCM everywhere."
    ]
    if cells and len(chosen) > 1 and report.named(chosen, "Weir"):
        text.append(summary(chosen, cells, results))
    text += [table(chosen, cell, results) for cell in cells]
    text += compiling(cells, results)
    raw = {"results": [{"peer": name, "cell": cell, "rounds": [r.fields() for r in found]} for (name, cell), found in results.items()]}
    for peer in chosen:
        peer.stop()
    if "memory" in parts:
        held = memory(bed, chosen, options, proxy_core, say)
        text.append(memory_table(chosen, held, options.idle))
        raw["held"] = held
    return text, raw


def warm_up(options, peer):
    """Only who compiles itself while it runs needs a long one: connections, and seconds of each kind of load."""
    if peer.name == "Weir":
        return options.warm_connections, options.warm_seconds
    return options.warm_connections // 10, min(1, options.warm_seconds)


def measure(bed, chosen, cells, options, core, say):
    for peer in chosen:
        say(f"warm-up: {peer.name}")
        bed.start(peer, core)
        bed.warm(peer, cells, *warm_up(options, peer))
    results = {}
    for number in range(options.rounds):
        for cell in cells:
            able = [peer for peer in chosen if cell.way in peer.ports]
            for peer in able:
                results.setdefault((peer.name, str(cell)), []).append(bed.run(peer, cell, options.seconds))
            line = ", ".join(f"{p.name} {report.number(results[p.name, str(cell)][-1].cpu, cell.digits)}" for p in able)
            say(f"round {number + 1}/{options.rounds}, {cell}: {line}")
    return results


def costs(name, cell, results):
    """Of each round; of a proxy that does not resume none, as it did something else."""
    found = results.get((name, str(cell)), [])
    if cell.resumes and report.median([r.resumed for r in found] or [0]) < RESUMED:
        return []
    return [r.cpu for r in found]


def summary(chosen, cells, results):
    others = [peer for peer in chosen if peer.name != "Weir"]
    rows = [
        [str(cell)] + [report.spread(report.paired(costs("Weir", cell, results), costs(p.name, cell, results)), 2) for p in others]
        for cell in cells
    ]
    return report.table(["CPU of Weir, × that of"] + [f"{p.name} {p.version}" for p in others], rows)


def compiling(cells, results):
    """Whether Weir was warm."""
    found = [report.median([r.compiling for r in results["Weir", str(cell)]]) for cell in cells if ("Weir", str(cell)) in results]
    if not found:
        return []
    return [f"Of Weir's CPU the JVM's compilers had {min(found):.0%} to {max(found):.0%} during the rounds (medians of the kinds of load)."]


def table(chosen, cell, results):
    rows = []
    for peer in chosen:
        mine = results.get((peer.name, str(cell)))
        if not mine:
            continue
        resumed = report.median([r.resumed for r in mine])
        rows.append(
            [
                f"{peer.name} {peer.version}".strip(),
                report.spread([r.cpu for r in mine], cell.digits),
                report.spread([r.rate for r in mine], cell.digits if isinstance(cell, Bulk) else 0),
                f"{report.median([r.busy for r in mine]):.0%}",
                report.number(report.median([r.p50 for r in mine]), 2),
                report.number(report.median([r.p99 for r in mine]), 2),
            ]
            + ([f"{resumed:.0%}"] if cell.resumes else [])
        )
    head = [str(cell), cell.per, cell.rate_head, "of the core", "p50 ms", "p99 ms"]
    return report.table(head + (["resumed"] if cell.resumes else []), rows)


def memory(bed, chosen, options, core, say):
    held = {}
    for number in range(min(3, options.rounds)):
        for peer in chosen:
            connections = min(MEMORY_WARM_UP, warm_up(options, peer)[0])
            held.setdefault(peer.name, []).append(bed.held(peer, core, options.idle, connections))
        line = ", ".join(f"{p.name} {(held[p.name][-1][1] - held[p.name][-1][0]) / options.idle / 1024:.1f}" for p in chosen)
        say(f"memory, {number + 1}: {line} KiB")
    return held


def memory_table(chosen, held, count):
    rows = [
        [
            f"{p.name} {p.version}".strip(),
            report.megabytes(report.median([before for before, _ in held[p.name]])),
            report.megabytes(report.median([during for _, during in held[p.name]])),
            report.spread([(during - before) / count / 1024 for before, during in held[p.name]], 1),
        ]
        for p in chosen
    ]
    return report.table(["process", "resident MB", f"with {count:,} idle connections", "KiB for each"], rows)

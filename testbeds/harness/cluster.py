"""What clusters cost: choosing, rebuilding, reloading, and connections that come and go."""

import http.client
import json
import os
import subprocess
import time

from . import load, peers, processes, report

POLICIES = ["round_robin", "least_request", "random", "ring_hash", "maglev", "ketama", "modula"]
SIZES = [3, 100, 1000]
JMH = "dev.weir.testbeds.bench.ClusterBenchmark"
CPU_TIME = "dev.weir.testbeds.bench.CpuTime"


# ---- choosing and rebuilding, in process


def jmh(folder, quick, core):
    """Nanoseconds of CPU time and bytes of an operation, by (benchmark, policy, endpoints)."""
    out = os.path.join(folder, "cluster-jmh.json")
    times = ["-wi", "2", "-i", "3", "-r", "200ms", "-w", "200ms"] if quick else ["-wi", "5", "-i", "5", "-r", "500ms", "-w", "500ms"]
    command = ["taskset", "-c", str(core), "java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", peers.class_path(), "org.openjdk.jmh.Main"]
    command += ["ClusterBenchmark", "-f", "1", "-prof", "gc", "-prof", CPU_TIME, "-jvmArgs", "-Xmx256m -XX:+UseSerialGC"]
    log = out + ".log"
    with open(log, "w", encoding="utf-8") as printed:
        done = subprocess.run(
            command + times + ["-foe", "true", "-rf", "json", "-rff", out],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            timeout=3_600,
            check=False,
        )
    if done.returncode != 0:
        with open(log, encoding="utf-8") as printed:
            raise processes.Failed("JMH: " + "".join(printed.readlines()[-20:]))
    with open(out, encoding="utf-8") as file:
        found = {}
        for one in json.load(file):
            metrics = one["secondaryMetrics"]
            key = one["benchmark"].rsplit(".", 1)[1], one["params"]["policy"], int(one["params"]["endpoints"])
            bytes_ = next(v["score"] for k, v in metrics.items() if k.endswith("gc.alloc.rate.norm"))
            nanos = next(v["score"] for k, v in metrics.items() if k.endswith("cpu"))
            found[key] = nanos, bytes_
        return found


def jmh_table(found):
    rows = []
    for policy in POLICIES:
        row = [f"`{policy}`"]
        row += [report.number(found["pick", policy, size][0], 0) for size in SIZES]
        row.append(report.number(max(found["pick", policy, size][1] for size in SIZES), 0))
        row += [report.number(found["rebuild", policy, size][0] / 1e6, 2) for size in SIZES]
        rows.append(row)
    head = ["policy", "ns to choose of 3", "of 100", "of 1,000", "B, most", "ms to rebuild 3", "100", "1,000"]
    return report.table(head, rows)


# ---- reloading, in a process of its own


def configuration(count, port, admin, upstream, timeout):
    text = [f"event_loops: 1\nadmin:\n  address: 127.0.0.1:{admin}\nlisteners:"]
    for i in range(count):
        # Not below the ports that systems hand out by themselves: other programs have those.
        text.append(
            f"  - name: l{i}\n    address: 127.{1 + i // 250}.{i % 250}.1:{port}\n"
            f"    filters: [ {{ type: tcp_proxy, cluster: c{i} }} ]"
        )
    text.append("clusters:")
    for i in range(count):
        text.append(f"  - name: c{i}\n    connect_timeout: {timeout}\n    endpoints: [ \"127.0.0.1:{upstream}\" ]")
    return "\n".join(text) + "\n"


class Reloads:
    """A Weir with many listeners, each with a cluster, that is told to reload."""

    def __init__(self, command, count, upstream, core, folder):
        self.count, self.upstream = count, upstream
        self.port, self.admin = processes.free_port(), processes.free_port()
        self.path = os.path.join(folder, "many.yaml")
        self.write("5s")
        started = time.monotonic()
        # A listener and its cluster take 56 KiB of heap: a thousand do not fit into the 64 MB that are the default.
        heap = {"WEIR_HEAP": os.environ.get("WEIR_HEAP", "256m")}
        self.process = processes.Process("Weir with many listeners", command + ["run", self.path], core, folder, heap)
        self.process.await_port(self.admin)
        while not self.ready():
            time.sleep(0.01)
        self.start_seconds = time.monotonic() - started

    def write(self, timeout):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(configuration(self.count, self.port, self.admin, self.upstream, timeout))
        os.replace(self.path + ".new", self.path)

    def ask(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=120)
        try:
            connection.request(method, path, headers={"Content-Length": "0"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def ready(self):
        try:
            return self.ask("GET", "/ready") == 200
        except OSError:
            return False

    def reload(self):
        """Milliseconds by the clock and of CPU until the new configuration is in force."""
        before, cpu = time.monotonic(), self.process.cpu()
        status = self.ask("POST", "/reload")
        if status != 200:
            raise processes.Failed(f"POST /reload: {status}: {self.process.tail()}")
        return (time.monotonic() - before) * 1e3, (self.process.cpu() - cpu) * 1e3


def reloads(command, count, upstream, core, folder, rounds, say):
    bed = Reloads(command, count, upstream, core, folder)
    resident = bed.process.resident()
    kinds = {"the first one, unchanged": [bed.reload()], "unchanged": [], "every cluster changed": []}
    for i in range(rounds):
        kinds["unchanged"].append(bed.reload())
        bed.write(f"{6 + i}s")
        kinds["every cluster changed"].append(bed.reload())
        say(f"reload {i + 1}/{rounds}: unchanged {kinds['unchanged'][-1][0]:.0f} ms, changed {kinds['every cluster changed'][-1][0]:.0f} ms")
    # What stays after all of them: nothing of earlier configurations.
    after = bed.process.resident()
    bed.process.stop()
    rows = [[kind, report.spread([m for m, _ in figures], 0), report.spread([c for _, c in figures], 0)] for kind, figures in kinds.items()]
    rows.append(["(start of the process)", report.number(bed.start_seconds * 1e3, 0), "–"])
    text = report.table([f"`POST /reload` with {count:,} listeners and as many clusters", "ms", "CPU ms"], rows)
    text += f"\n\nResident memory: {report.megabytes(resident)} MB before, {report.megabytes(after)} MB after these reloads."
    return text, {kind: figures for kind, figures in kinds.items()}


# ---- connections that come and go


def churn(bed, options, say, core):
    """CPU of short connections, proxy by proxy, forth and back."""
    costs = {p.name: [] for p in bed.peers}
    rates = {p.name: [] for p in bed.peers}
    for peer in bed.peers:
        say(f"warm-up with {options.warm_connections:,} connections: {peer.name}")
        load.connect_load(peer, core, options.warm_connections, patience=600)
    for round_number in range(options.rounds):
        for peer in bed.peers if round_number % 2 == 0 else reversed(bed.peers):
            cost, rate = load.connect_timed(peer, core, options.seconds)
            costs[peer.name].append(cost)
            rates[peer.name].append(rate)
        line = ", ".join(f"{p.name} {costs[p.name][-1]:.0f}" for p in bed.peers)
        say(f"round {round_number + 1}/{options.rounds}: {line} µs per connection")
    return costs, rates


def churn_table(bed, costs, rates, held, idle):
    rows = []
    bases = [report.named(bed.peers, name) for name in ("HAProxy", "Envoy tcp_proxy")]
    for p in bed.peers:
        row = [f"{p.name} {p.version}".strip(), report.spread(costs[p.name], 0)]
        row += [report.spread(report.paired(costs[p.name], costs[base]), 2) if base else "–" for base in bases]
        row.append(report.spread(rates[p.name], 0))
        if held:
            row.append(report.number(held[p.name] / 1024, 1))
        rows.append(row)
    head = ["proxy", "CPU µs/connection", "× HAProxy", "× Envoy", "connections/s"]
    if held:
        head.append(f"resident KiB for each of {idle:,} idle ones")
    return report.table(head, rows)

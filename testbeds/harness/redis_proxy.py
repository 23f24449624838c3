"""Sharded Redis proxies beside each other: SET and GET, or MGET of ten keys, over some shards."""

import json
import os
import shutil

from . import load, peers, processes, report

WEIR = """\
event_loops: {loops}
listeners:
  - name: bench
    address: 127.0.0.1:{port}
    filters:
      - type: redis_proxy
        cluster: redis
clusters:
  - name: redis
    load_balancing: ketama
    hash: murmur
    endpoints: [ {shards} ]
"""

NUTCRACKER = """\
bench:
  listen: 127.0.0.1:{port}
  hash: murmur
  distribution: ketama
  redis: true
  preconnect: true
  servers:
{shards}
"""

ENVOY = """\
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.redis_proxy
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.redis_proxy.v3.RedisProxy
          stat_prefix: bench
          settings: {{ op_timeout: 5s }}
          prefix_routes: {{ catch_all_route: {{ cluster: redis }} }}
  clusters:
  - name: redis
    type: STATIC
    lb_policy: MAGLEV
    load_assignment:
      cluster_name: redis
      endpoints:
      - lb_endpoints:
{shards}
"""


class Cell:
    """A kind of load."""

    def __init__(self, shards, value, pipeline, clients, test):
        self.shards, self.value, self.pipeline, self.clients, self.test = shards, value, pipeline, clients, test

    def __str__(self):
        size = f"{self.value >> 10} KiB" if self.value >= 1024 else f"{self.value} B"
        what = "SET and GET" if self.test == "set,get" else "MGET of 10"
        return f"{self.shards} shards, {what}, {size}, pipeline {self.pipeline}, {self.clients} clients"


CELLS = [Cell(2, 64, 1, 50, "set,get"), Cell(2, 64, 16, 50, "set,get"), Cell(2, 1024, 16, 50, "set,get"), Cell(8, 64, 16, 50, "set,get")]
ALL_CELLS = CELLS + [
    Cell(2, 64, 64, 50, "set,get"),
    Cell(2, 1024, 1, 50, "set,get"),
    Cell(2, 64, 16, 1000, "set,get"),
    Cell(2, 64, 1, 50, "mget"),
    Cell(8, 64, 1, 50, "mget"),
]


class Sharded(peers.Proxy):
    """A proxy in front of several servers."""

    def __init__(self, name, version, template, suffix, command, line, separator, **values):
        super().__init__(name, version, template, suffix, command, **values)
        self.line, self.separator = line, separator

    def start_sharded(self, ports, core, folder):
        self.values["shards"] = self.separator.join(self.line % port for port in ports)
        self.start(0, core, folder)


class Direct(peers.Peer):
    """The first server by itself: what there is to reach."""

    def start_sharded(self, ports, core, folder):
        self.port = ports[0]


def proxies(weir_command, say, loops=1):
    found = [Direct("direct, one server")]
    nutcracker = shutil.which("nutcracker") or shutil.which("/usr/sbin/nutcracker")
    if nutcracker:
        version = peers.first_line(nutcracker, "-V").split("-")[-1]
        command = [nutcracker, "-c", "FILE", "-a", "127.0.0.1", "-s", str(processes.free_port())]
        found.append(Sharded("nutcracker", version, NUTCRACKER, ".yml", command, "  - 127.0.0.1:%d:1", "\n"))
    envoy = peers.envoy()
    if envoy:
        line = "        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: %d } } }"
        found.append(Sharded("Envoy redis_proxy", envoy.version, ENVOY, ".yaml", envoy.command, line, "\n"))
    for name in () if nutcracker and envoy else ("nutcracker", "Envoy"):
        say(f"not all peers are installed, {name} may be missing (testbeds/install-servers.sh)")
    version = peers.weir(weir_command).version
    found.append(Sharded("Weir redis_proxy", version, WEIR, ".yaml", weir_command + ["run", "FILE"], '"127.0.0.1:%d"', ", ", loops=loops))
    return found


def measure(peer, cell, core, seconds, rates):
    """CPU microseconds of the proxy for each command, and what the load says."""
    rate = rates.get((peer.name, str(cell))) or (20_000 if cell.pipeline == 1 else 100_000)
    count = max(cell.clients * cell.pipeline * 4, int(rate * seconds))
    command = ["redis-benchmark", "-h", "127.0.0.1", "-p", str(peer.port), "-c", str(cell.clients), "-P", str(cell.pipeline)]
    command += ["-d", str(cell.value), "-n", str(count), "-r", "100000", "--csv"]
    if cell.test == "mget":
        command += ["MGET"] + ["key:__rand_int__"] * 10
    else:
        command += ["-t", "set,get"]
    before = peer.process.cpu() if peer.process else 0
    out = processes.run(command, core, patience=60 + 20 * seconds)
    rows = [row.strip('"').split('","') for row in out.splitlines() if row.startswith('"') and not row.startswith('"test"')]
    if not rows:
        raise processes.Failed(f"redis-benchmark printed no figures through {peer.name}: {out.strip()[-300:]}")
    cpu = (peer.process.cpu() - before) * 1e6 / (len(rows) * count) if peer.process else None
    speeds = [float(row[1]) for row in rows]
    rate = len(speeds) / sum(1 / one for one in speeds)
    rates[peer.name, str(cell)] = rate
    return load.Result(rate, sum(float(r[4]) for r in rows) / len(rows), max(float(r[6]) for r in rows), cpu)


def at_rate(peer, cell, core, rate, seconds, class_path):
    """The same kind of load at a rate of its own, whatever the answers: their times, and the proxy's CPU for each command."""
    java = ["java", "-XX:+UseSerialGC", "-Xmx256m", "-cp", class_path, "dev.weir.testbeds.bench.RedisRate"]
    words = [peer.port, cell.clients, cell.pipeline, cell.value, round(rate), 2 * seconds]  # the first half warms it up
    before = peer.process.cpu() if peer.process else 0
    found = json.loads(processes.run(java + [str(word) for word in words], core, patience=60 + 5 * seconds).splitlines()[-1])
    found["cpu_us"] = (peer.process.cpu() - before) * 1e6 / found["sent"] if peer.process else None
    return found


def half_load(chosen, cell, core, results, options, class_path, say):
    """Latencies at half of what the slowest of the proxies carries."""
    rate = min(report.median([r.rate for r in results[p.name, str(cell)]]) for p in chosen) / 2
    found = {p.name: [] for p in chosen}
    for number in range(options.rounds):
        for peer in chosen:
            found[peer.name].append(at_rate(peer, cell, core, rate, options.seconds, class_path))
        line = ", ".join(f"{p.name} {found[p.name][-1]['p99_ms']:.3f}" for p in chosen)
        say(f"round {number + 1}/{options.rounds}, {cell}, half load: p99 {line} ms")
    rows = [
        [f"{p.name} {p.version}".strip()] + [report.spread([r[key] for r in found[p.name]], 3) for key in ("p50_ms", "p99_ms", "p999_ms")]
        for p in chosen
    ]
    return report.table([f"{cell}, {rate:,.0f} commands/s", "p50 ms", "p99 ms", "p99.9 ms"], rows), found


def scaling(servers, cell, folder, load_core, rate, options, weir_command, class_path, say):
    """CPU of Weir for each command on one event loop and on two, at the same rate: what loops share costs CPU."""
    found = {}
    weirs = {}
    for loops in (1, 2):
        peer = next(p for p in proxies(weir_command, say, loops) if p.name.startswith("Weir"))
        peer.start_sharded([server.port for server in servers], "0,1", folder)
        at_rate(peer, cell, load_core, rate, options.warm_seconds / 2, class_path)
        weirs[loops] = peer
    for _ in range(options.rounds):
        for loops, peer in weirs.items():
            found.setdefault(loops, []).append(at_rate(peer, cell, load_core, rate, options.seconds, class_path))
    for peer in weirs.values():
        peer.stop()
    cpu = {loops: [r["cpu_us"] for r in rounds] for loops, rounds in found.items()}
    rows = [[str(loops), report.spread(cpu[loops], 2), report.spread(report.paired(cpu[loops], cpu[1]), 2)] for loops in (1, 2)]
    return report.table([f"event loops; {cell}, {rate:,.0f} commands/s", "CPU µs/command", "× one loop"], rows), found


def run(options, folder, proxy_core, load_core, weir_command, say):
    class_path = peers.class_path()
    cells = ALL_CELLS if options.all_cells else CELLS
    text, raw = [], []
    for shards in sorted({cell.shards for cell in cells}):
        servers = [peers.redis_server(load_core, folder) for _ in range(shards)]
        chosen = proxies(weir_command, say)
        for peer in chosen:
            peer.start_sharded([server.port for server in servers], proxy_core, folder)
        mine = [cell for cell in cells if cell.shards == shards]
        rates, results = {}, {}
        for peer in chosen:
            say(f"warm-up: {peer.name}")
            for cell in mine:
                measure(peer, cell, load_core, 0.2, rates)
                if peer.process:  # who compiles itself while it runs needs it, the others some of it
                    seconds = options.warm_seconds if peer.name.startswith("Weir") else min(2, options.warm_seconds)
                    measure(peer, cell, load_core, seconds / 2, rates)
        for number in range(options.rounds):
            for cell in mine:
                for peer in chosen:
                    results.setdefault((peer.name, str(cell)), []).append(measure(peer, cell, load_core, options.seconds / 2, rates))
                line = ", ".join(f"{p.name} {report.number(results[p.name, str(cell)][-1].cpu, 2)}" for p in chosen if p.process)
                say(f"round {number + 1}/{options.rounds}, {cell}: {line} µs")
        text += [table(chosen, cell, results) for cell in mine]
        carriers = [peer for peer in chosen if peer.process]
        for cell in mine if shards == 2 else []:
            if cell.value == 64 and cell.clients == 50 and cell.pipeline in (1, 16) and cell.test == "set,get":
                one, figures = half_load(chosen, cell, load_core, results, options, class_path, say)
                text.append(one)
                raw.append({"cell": str(cell), "half_load": figures})
                rate = min(report.median([r.rate for r in results[p.name, str(cell)]]) for p in carriers) / 2
                two, figures = scaling(servers, cell, folder, load_core, rate, options, weir_command, class_path, say)
                text.append(two)
                raw.append({"cell": str(cell), "event_loops": figures})
        text.append(
            "Resident afterwards: " + ", ".join(f"{p.name} {report.megabytes(p.process.resident())} MB" for p in carriers) + "."
        )
        raw += [{"peer": name, "cell": cell, "rounds": [r.fields() for r in found]} for (name, cell), found in results.items()]
        for peer in carriers + servers:
            peer.stop()
    head = (
        f"Load: redis-benchmark, keys at random of 100,000, about {options.seconds:g} s per figure, {options.rounds} rounds, after "
        f"{options.warm_seconds:g} s of each kind to warm Weir up (2 s for the others). One event loop or thread each, on a core of its own."
    )
    return [head] + text, {"results": raw}


def table(chosen, cell, results):
    cpu = {p.name: [r.cpu for r in results[p.name, str(cell)]] for p in chosen if p.process}
    bases = [report.named(chosen, name) for name in ("nutcracker", "Envoy redis_proxy")]
    rows = []
    for peer in chosen:
        mine = results[peer.name, str(cell)]
        row = [f"{peer.name} {peer.version}".strip()]
        row += [report.spread(cpu[peer.name], 2)] + [report.ratio(cpu, peer, base) for base in bases] if peer.process else ["–"] * 3
        row += [
            report.spread([r.rate for r in mine], 0),
            report.number(report.median([r.p50 for r in mine]), 3),
            report.number(report.median([r.p99 for r in mine]), 3),
        ]
        rows.append(row)
    return report.table([str(cell), "CPU µs/command", "× nutcracker", "× Envoy", "commands/s", "p50 ms", "p99 ms"], rows)

"""The proxies that are compared: how each is configured, started and named."""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

from . import processes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

HAPROXY = """\
global
    nbthread 1
    maxconn {most}
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen bench
    bind 127.0.0.1:{port}
    server redis 127.0.0.1:{upstream}
"""

ENVOY = """\
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: bench
          cluster: redis
  clusters:
  - name: redis
    type: STATIC
    circuit_breakers:
      thresholds: [ {{ max_connections: 20000, max_pending_requests: 20000 }} ]
    load_assignment:
      cluster_name: redis
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {upstream} }} }} }}
"""

WEIR = """\
event_loops: 1
listeners:
  - name: bench
    address: 127.0.0.1:{port}
    filters:{sniffer}
      - type: tcp_proxy
        cluster: redis
clusters:
  - name: redis
    endpoints: [ "127.0.0.1:{upstream}" ]
"""


# For what is to be read from it afterwards.
WEIR_ADMIN = "admin:\n  address: 127.0.0.1:{admin}\n" + WEIR


class Peer:
    """A way to the server. Without a process: the direct one."""

    process = None
    port = 0

    def __init__(self, name, version=""):
        self.name, self.version = name, version
        self.starts = []
        self.starts_free = []

    def start(self, upstream, core, folder):
        self.port = upstream

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None


class Proxy(Peer):
    """A proxy with a configuration file."""

    def __init__(self, name, version, template, suffix, command, **values):
        super().__init__(name, version)
        self.template, self.suffix, self.command, self.values = template, suffix, command, values

    def start(self, upstream, core, folder):
        self.port, self.admin = processes.free_port(), processes.free_port()
        path = os.path.join(folder, self.name.replace(" ", "-") + self.suffix)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.template.format(port=self.port, admin=self.admin, upstream=upstream, **self.values))
        command = [path if word == "FILE" else word for word in self.command]
        self.process = processes.Process(self.name, command, core, folder)
        self.starts.append(self.process.await_port(self.port))


def first_line(*command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    lines = (result.stdout or result.stderr).strip().splitlines()
    return lines[0] if lines else "unknown version"


def tools_folder():
    return os.environ.get("WEIR_TOOLS") or os.path.expanduser("~/.cache/weir-tools")


def haproxy():
    binary = shutil.which("haproxy") or shutil.which("/usr/sbin/haproxy")
    if not binary:
        return None
    version = first_line(binary, "-v").split(" version ")[-1].split(" ")[0]
    return Proxy("HAProxy", version, HAPROXY, ".cfg", [binary, "-db", "-f", "FILE"], most=haproxy_most())


def haproxy_most():
    """Its connections: two files for each; it refuses to start where that is more than the limit."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(20_000, (files - 200) // 2)


def envoy():
    binary = shutil.which(os.path.join(tools_folder(), "envoy")) or shutil.which("envoy")
    if not binary:
        return None
    version = re.search(r"/(\d+\.\d+\.\d+[^/]*)/", first_line(binary, "--version"))
    return Proxy(
        "Envoy tcp_proxy",
        version.group(1) if version else "unknown version",
        ENVOY,
        ".yaml",
        [binary, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error", "-c", "FILE"],
    )


def weir_command(chosen):
    """The distribution's launcher; built by ./weir where there is none or a source is newer."""
    if chosen:
        return chosen.split()
    build = [os.path.join(ROOT, "weir"), "--version"]
    subprocess.run(build, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=900, check=True)
    return [os.path.join(ROOT, "target", "weir", "current", "bin", "weir")]


def class_path():
    """That of the test beds, compiled with Maven."""
    out = tempfile.mkdtemp(prefix="weir-class-path-")
    path = os.path.join(out, "class-path")
    maven = ["mvn", "-q", "-B", "-Dquick", "-pl", "testbeds", "-am", "test-compile", "dependency:build-classpath"]
    subprocess.run(maven + [f"-Dmdep.outputFile={path}"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)
    with open(path, encoding="utf-8") as file:
        found = [os.path.join(ROOT, "testbeds", "target", "quick", "classes")] + file.read().strip().split(":")
    shutil.rmtree(out)
    # Of tests there are no classes here, but lists of services that name them.
    return ":".join(each for each in found if os.path.basename(each) != "test-classes")


def weir(command, sniffer=None, template=WEIR):
    version = first_line(*command, "--version").split(" ")
    return Proxy(
        f"Weir {sniffer or 'tcp_proxy'}",
        next((word for word in version if word[:1].isdigit()), version[-1]),
        template,
        ".yaml",
        command + ["run", "FILE"],
        sniffer=f"\n      - type: {sniffer}" if sniffer else "",
    )


def choose(names, weir_cmd, say):
    """The peers of a run; names those that are not installed."""
    makers = {
        "direct": lambda: Peer("direct"),
        "haproxy": haproxy,
        "envoy": envoy,
        "weir": lambda: weir(weir_cmd),
        "weir-redis": lambda: weir(weir_cmd, "redis_stats"),
        "weir-mysql": lambda: weir(weir_cmd, "mysql_stats"),
        "weir-mongo": lambda: weir(weir_cmd, "mongo_stats", WEIR_ADMIN),
    }
    chosen = []
    for name in names:
        if name not in makers:
            raise SystemExit(f"unknown peer {name!r} (expected: {', '.join(makers)})")
        peer = makers[name]()
        if peer is None:
            say(f"left out, not installed: {name} (testbeds/install-servers.sh installs it)")
        else:
            chosen.append(peer)
    return chosen


def redis_server(core, folder):
    """The server that everything is measured in front of."""
    binary = shutil.which("redis-server")
    if not binary or not shutil.which("redis-benchmark"):
        raise SystemExit("redis-server and redis-benchmark are needed: testbeds/install-servers.sh")
    port = processes.free_port()
    server = Peer("redis-server", first_line(binary, "--version").split("v=")[-1].split(" ")[0])
    server.port = port
    server.process = processes.Process(
        "redis-server",
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        + ["--maxclients", "10000", "--dir", folder],
        core,
        folder,
    )
    server.process.await_port(port)
    return server

"""HTTP servers to measure in front of, and the proxies: how each is configured for the same ways."""

import os
import shutil
import subprocess

from . import peers, processes, tls_peers

SMALL = 100
LARGE = 64 << 10
# A message of gRPC: not compressed, its length, a field of bytes.
GRPC_ANSWER = b"\0" + (102).to_bytes(4, "big") + b"\x0a\x64" + b"a" * 100
GRPC_REQUEST = b"\0" + (52).to_bytes(4, "big") + b"\x0a\x32" + b"q" * 50
# nghttpd knows a type by the ending of the path only.
GRPC_PATH = "/weir.Bench/Unary.grpc"


class Way:
    """A port of each proxy: which HTTP its clients speak, which HTTP the server behind it, and where that is."""

    def __init__(self, name, client, upstream, port, grpc=False):
        self.name, self.client, self.upstream, self.port, self.grpc = name, client, upstream, port, grpc


class Servers:
    """nginx for HTTP/1.1 and two nghttpd for HTTP/2, one of them with the trailers of gRPC: prepared answers."""

    def __init__(self, folder, core):
        missing = [name for name in ("nginx", "nghttpd", "nghttp", "h2load", "wrk", "curl") if not _program(name)]
        if missing:
            raise SystemExit(f"{', '.join(missing)} is needed: testbeds/install-servers.sh")
        nginx, nghttpd = _program("nginx"), _program("nghttpd")
        self.documents = os.path.join(folder, "documents")
        self._write("small", b"s" * SMALL)
        self._write("large", b"l" * LARGE)
        self._write(GRPC_PATH[1:], GRPC_ANSWER)
        types = os.path.join(folder, "types")
        with open(types, "w", encoding="ascii") as file:
            file.write("application/grpc grpc\n")
        self.http1, self.http2, self.grpc = (processes.free_port() for _ in range(3))
        path = os.path.join(folder, "server-nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._nginx(folder))
        http2 = [nghttpd, "--no-tls", "-a", "127.0.0.1", "-d", self.documents, "--mime-types-file", types]
        self.processes = [
            tls_peers.Family("server-nginx", [nginx, "-e", "stderr", "-p", folder, "-c", path], core, folder),
            processes.Process("server-nghttpd", http2 + [str(self.http2)], core, folder),
            processes.Process("server-nghttpd-grpc", http2 + ["--trailer", "grpc-status: 0", str(self.grpc)], core, folder),
        ]
        for process, port in zip(self.processes, (self.http1, self.http2, self.grpc)):
            process.await_port(port)
        self.version = f"nginx {nginx_version(nginx)}, nghttpd {peers.first_line(nghttpd, '--version').split('/')[-1]}"

    def ways(self):
        return [
            Way("1-1", 1, 1, self.http1),
            Way("2-1", 2, 1, self.http1),
            Way("2-2", 2, 2, self.http2),
            Way("grpc", 2, 2, self.grpc, grpc=True),
        ]

    def _write(self, name, content):
        path = os.path.join(self.documents, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def _nginx(self, folder):
        return f"""\
{nginx_head(folder, "server")}
    sendfile on;
    tcp_nopush on;
    open_file_cache max=16 inactive=1h;
    open_file_cache_valid 1h;
    server {{
        listen 127.0.0.1:{self.http1} backlog=4096;
        location = /small {{ return 200 "{'s' * SMALL}"; }}
        location / {{ root {self.documents}; }}
    }}
}}
"""


def nginx_head(folder, name):
    """One worker, nothing written, connections that never end by a count of requests."""
    paths = "\n".join(f"    {kind}_temp_path {folder}/{name}-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.geteuid() == 0 else ""
    return f"""\
{user}daemon off;
worker_processes 1;
worker_rlimit_nofile {peers.haproxy_most() * 2};
pid {folder}/{name}.pid;
error_log stderr error;
events {{ worker_connections {peers.haproxy_most()}; }}
http {{
{paths}
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    default_type text/plain;"""


def nginx_version(binary):
    return peers.first_line(binary, "-v").rsplit("/", maxsplit=1)[-1]


def _program(name):
    return shutil.which(name) or shutil.which("/usr/sbin/" + name)


class HttpProxy(peers.Peer):
    """A proxy with several ways; the port of each in ``ports``."""

    suffix = ".conf"
    kind = processes.Process

    def __init__(self, name, version, command):
        super().__init__(name, version)
        self.command = command
        self.ports = {}

    def configuration(self, ways, folder):
        """Text of the file."""
        raise NotImplementedError

    def refuses(self, path):
        """Why the program cannot run with this file; nothing if it can, or if only a start would tell."""
        del path

    def start_ways(self, ways, core, folder):
        """Whether it runs; says why not by :class:`processes.Failed`."""
        self.ports = {way.name: processes.free_port() for way in ways}
        path = os.path.join(folder, self.name + self.suffix)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.configuration(ways, folder))
        reason = self.refuses(path)
        if reason:
            raise processes.Failed(reason)
        command = [path if word == "FILE" else folder if word == "FOLDER" else word for word in self.command]
        self.process = self.kind(self.name, command, core, folder)
        for port in self.ports.values():
            self.process.await_port(port)


class Direct(HttpProxy):
    """The servers themselves: what there is to reach. There is none that speaks HTTP/2 and is the one of HTTP/1.1."""

    def __init__(self):
        super().__init__("direct", "", [])

    def start_ways(self, ways, core, folder):
        self.ports = {way.name: way.port for way in ways if way.client == way.upstream}


class Nginx(HttpProxy):
    """Works in a child process. To servers of HTTP/2 this version knows one way only, that of gRPC, which serves all."""

    kind = tls_peers.Family

    def configuration(self, ways, folder):
        text = nginx_head(folder, "proxy") + "\n    proxy_http_version 1.1;\n    proxy_max_temp_file_size 0;\n"
        for way in ways:
            http2 = " http2" if way.client == 2 else ""
            location = f"proxy_pass http://{way.name}; proxy_set_header Connection \"\"; proxy_set_header Host $http_host;"
            if way.upstream == 2:
                location = f"grpc_pass grpc://{way.name}; grpc_set_header Host $http_host;"
            text += f"""\
    upstream {way.name} {{
        server 127.0.0.1:{way.port};
        keepalive 512;
        keepalive_requests 1000000000;
        keepalive_timeout 1h;
    }}
    server {{
        listen 127.0.0.1:{self.ports[way.name]}{http2} backlog=4096;
        location / {{ {location} }}
    }}
"""
        return text + "}\n"


class Haproxy(HttpProxy):
    suffix = ".cfg"

    def configuration(self, ways, folder):
        text = f"""\
global
    nbthread 1
    maxconn {peers.haproxy_most()}
defaults
    mode http
    http-reuse always
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout http-keep-alive 1h
"""
        for way in ways:
            proto = " proto h2" if way.upstream == 2 else ""
            text += f"listen {way.name}\n    bind 127.0.0.1:{self.ports[way.name]}\n    server app 127.0.0.1:{way.port}{proto}\n"
        return text


class Envoy(HttpProxy):
    """Without the headers that it adds by itself and the others do not."""

    suffix = ".yaml"
    TYPE = '"@type": type.googleapis.com/envoy.extensions'

    def configuration(self, ways, folder):
        listeners = "".join(self._listener(way) for way in ways)
        clusters = "".join(self._cluster(way) for way in ways)
        return f"static_resources:\n  listeners:\n{listeners}  clusters:\n{clusters}"

    def _listener(self, way):
        return f"""\
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {self.ports[way.name]} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          {self.TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: "w{way.name}"
          codec_type: AUTO
          generate_request_id: false
          route_config:
            virtual_hosts:
            - name: all
              domains: [ "*" ]
              routes: [ {{ match: {{ prefix: "/" }}, route: {{ cluster: "w{way.name}" }} }} ]
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              {self.TYPE}.filters.http.router.v3.Router
              suppress_envoy_headers: true
"""

    def _cluster(self, way):
        text = f"""\
  - name: "w{way.name}"
    type: STATIC
    circuit_breakers:
      thresholds: [ {{ max_connections: 20000, max_pending_requests: 20000, max_requests: 20000 }} ]
    load_assignment:
      cluster_name: "w{way.name}"
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {way.port} }} }} }}
"""
        if way.upstream == 1:
            return text
        return text + f"""\
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        {self.TYPE}.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{ http2_protocol_options: {{}} }}
"""


class Weir(HttpProxy):
    suffix = ".yaml"

    def __init__(self, version, command):
        super().__init__("Weir", version, command + ["run", "FILE"])
        self.program = command

    def refuses(self, path):
        check = self.program + ["check", path]
        done = subprocess.run(check, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        return " ".join((done.stderr + done.stdout).split())[:300].strip() if done.returncode else None

    def configuration(self, ways, folder):
        listeners = "".join(self._listener(way) for way in ways)
        clusters = "".join(f'  - name: w{way.name}\n    endpoints: [ "127.0.0.1:{way.port}" ]\n' for way in ways)
        return f"event_loops: 1\nlisteners:\n{listeners}clusters:\n{clusters}"

    def _listener(self, way):
        return f"""\
  - name: w{way.name}
    address: 127.0.0.1:{self.ports[way.name]}
    filters:
      - type: http
        client_protocol: auto
        upstream_protocol: http{way.upstream}
        routes: [ {{ path_prefix: "/", cluster: w{way.name} }} ]
"""


def _nginx():
    binary = _program("nginx")
    return binary and Nginx("nginx", nginx_version(binary), [binary, "-e", "stderr", "-p", "FOLDER", "-c", "FILE"])


def choose(names, weir_command, say):
    """The peers of a run; names those that are not installed."""
    haproxy, envoy = peers.haproxy(), peers.envoy()
    makers = {
        "direct": Direct,
        "nginx": _nginx,
        "haproxy": lambda: haproxy and Haproxy("HAProxy", haproxy.version, haproxy.command),
        "envoy": lambda: envoy and Envoy("Envoy", envoy.version, envoy.command),
        "weir": lambda: Weir(peers.weir(weir_command).version, weir_command),
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

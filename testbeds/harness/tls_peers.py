"""The proxies that terminate and originate TLS: what each is configured with so that all do the same work.

Everywhere X25519 and AES-128-GCM, sessions of TLS 1.3 and 1.2 with tickets, and toward servers chain and name verified.
"""

import os
import shutil
import subprocess

from . import peers, processes

NAME = "bench.test"
SUITE = "TLS_AES_128_GCM_SHA256"
CIPHERS = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"


class Way:
    """A listener of a proxy: terminates with the certificate ``kind``, or originates toward the server ``upstream``."""

    def __init__(self, name, kind=None, upstream=0, resuming=False):
        self.name, self.kind, self.upstream, self.resuming = name, kind, upstream, resuming


class Certificates:
    """A CA, and below it a certificate with RSA-2048 and one with P-256: ``KIND.pem``, ``KIND.key``, both in ``KIND.both``."""

    KINDS = {"rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "ec": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]}

    def __init__(self, folder):
        self.folder = folder
        self.ca = os.path.join(folder, "ca.pem")
        names = os.path.join(folder, "names")
        with open(names, "w", encoding="ascii") as file:
            file.write(f"subjectAltName=DNS:{NAME}\n")
        self._key("ca", self.KINDS["ec"])
        self._openssl("req", "-x509", "-new", "-key", self.path("ca", "key"), "-days", "30", "-subj", "/CN=bench CA", "-out", self.ca)
        for kind, algorithm in self.KINDS.items():
            self._key(kind, algorithm)
            request = self.path(kind, "csr")
            self._openssl("req", "-new", "-key", self.path(kind, "key"), "-subj", f"/CN={NAME}", "-out", request)
            issuer = ["-CA", self.ca, "-CAkey", self.path("ca", "key"), "-CAcreateserial", "-days", "30", "-extfile", names]
            self._openssl("x509", "-req", "-in", request, *issuer, "-out", self.path(kind, "pem"))
            with open(self.path(kind, "both"), "w", encoding="ascii") as both:
                for part in ("key", "pem"):
                    with open(self.path(kind, part), encoding="ascii") as file:
                        both.write(file.read())

    def path(self, kind, suffix):
        return os.path.join(self.folder, f"{kind}.{suffix}")

    def _key(self, kind, algorithm):
        self._openssl("genpkey", "-algorithm", *algorithm, "-out", self.path(kind, "key"))

    @staticmethod
    def _openssl(*arguments):
        command = ["openssl", *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise processes.Failed(f"{' '.join(command)}: {done.stderr.strip()}")


class Family(processes.Process):
    """A program that works in child processes: their CPU time and memory count."""

    def _pids(self):
        found, new = [], [self.pid]
        while new:
            pid = new.pop()
            found.append(pid)
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                    new += [int(child) for child in file.read().split()]
            except OSError:
                pass
        return found

    def cpu(self):
        return sum(processes.cpu_of(pid) for pid in self._pids())

    def resident(self):
        return sum(processes.resident_of(pid) for pid in self._pids())


class TlsProxy(peers.Peer):
    """A proxy with several ways; the port of each in ``ports``."""

    originates = True
    suffix = ".conf"
    kind = processes.Process

    def __init__(self, name, version, command):
        super().__init__(name, version)
        self.command = command
        self.ports = {}

    def configuration(self, ways, certificates, plain):
        """Text of the file; ``plain`` is the port of the server that termination leads to."""
        raise NotImplementedError

    def start_ways(self, ways, certificates, plain, core, folder):
        ways = [way for way in ways if way.kind or self.originates]
        self.ports = {way.name: processes.free_port() for way in ways}
        path = os.path.join(folder, self.name.replace(" ", "-") + self.suffix)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.configuration(ways, certificates, plain))
        command = [path if word == "FILE" else word for word in self.command]
        self.process = self.kind(self.name, command, core, folder)
        for port in self.ports.values():
            self.process.await_port(port)


class Stunnel(TlsProxy):
    def configuration(self, ways, certificates, plain):
        lines = ["foreground = yes", "pid =", "syslog = no", "debug = err", f"ciphersuites = {SUITE}", f"ciphers = {CIPHERS}", "curves = X25519:P-256"]
        for way in ways:
            lines += [f"[{way.name}]", f"accept = 127.0.0.1:{self.ports[way.name]}", f"connect = 127.0.0.1:{way.upstream or plain}"]
            if way.kind:
                lines += [f"cert = {certificates.path(way.kind, 'pem')}", f"key = {certificates.path(way.kind, 'key')}"]
            else:
                lines += ["client = yes", f"CAfile = {certificates.ca}", "verifyChain = yes", f"checkHost = {NAME}", f"sni = {NAME}"]
                lines += ["sessionResume = " + ("yes" if way.resuming else "no")]
        return "\n".join(lines) + "\n"


class Haproxy(TlsProxy):
    suffix = ".cfg"

    def configuration(self, ways, certificates, plain):
        text = f"""\
global
    nbthread 1
    maxconn {peers.haproxy_most()}
    ssl-default-bind-ciphersuites {SUITE}
    ssl-default-bind-ciphers {CIPHERS}
    ssl-default-server-ciphersuites {SUITE}
    ssl-default-server-ciphers {CIPHERS}
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
"""
        for way in ways:
            tls = f" ssl crt {certificates.path(way.kind, 'both')} curves X25519:P-256" if way.kind else ""
            server = "" if way.kind else f" ssl verify required ca-file {certificates.ca} verifyhost {NAME} sni str({NAME})"
            server += "" if way.kind or way.resuming else " no-ssl-reuse"
            text += f"listen {way.name}\n    bind 127.0.0.1:{self.ports[way.name]}{tls}\n    server echo 127.0.0.1:{way.upstream or plain}{server}\n"
        return text


class Hitch(TlsProxy):
    """Does the work in a child process."""

    originates = False
    kind = Family

    def configuration(self, ways, certificates, plain):
        text = f'backend = "[127.0.0.1]:{plain}"\nworkers = 1\nbacklog = 4096\nlog-level = 1\nocsp-dir = ""\n'
        text += f'ciphersuites = "{SUITE}"\nciphers = "{CIPHERS}"\necdh-curve = "X25519:prime256v1"\n'
        if os.geteuid() == 0:
            text += 'user = "nobody"\ngroup = "nogroup"\n'
        for way in ways:
            text += f'frontend = {{\n    host = "127.0.0.1"\n    port = "{self.ports[way.name]}"\n    pem-file = "{certificates.path(way.kind, "both")}"\n}}\n'
        return text


class Envoy(TlsProxy):
    suffix = ".yaml"
    PARAMETERS = f"""tls_params: {{ tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3, ecdh_curves: [ X25519, P-256 ], \
cipher_suites: [ {CIPHERS.replace(":", ", ")} ] }}"""
    TYPE = '"@type": type.googleapis.com/envoy.extensions'

    def configuration(self, ways, certificates, plain):
        listeners = "".join(self._listener(way, certificates) for way in ways)
        clusters = "".join(self._cluster(way, certificates, plain) for way in ways)
        return f"static_resources:\n  listeners:\n{listeners}  clusters:\n{clusters}"

    def _listener(self, way, certificates):
        text = f"""\
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {self.ports[way.name]} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          {self.TYPE}.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: {way.name}
          cluster: {way.name}
"""
        if not way.kind:
            return text
        pem, key = certificates.path(way.kind, "pem"), certificates.path(way.kind, "key")
        return text + f"""\
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          {self.TYPE}.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            {self.PARAMETERS}
            tls_certificates: [ {{ certificate_chain: {{ filename: {pem} }}, private_key: {{ filename: {key} }} }} ]
"""

    def _cluster(self, way, certificates, plain):
        text = f"""\
  - name: {way.name}
    type: STATIC
    circuit_breakers:
      thresholds: [ {{ max_connections: 20000, max_pending_requests: 20000 }} ]
    load_assignment:
      cluster_name: {way.name}
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {way.upstream or plain} }} }} }}
"""
        if way.kind:
            return text
        return text + f"""\
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        {self.TYPE}.transport_sockets.tls.v3.UpstreamTlsContext
        sni: {NAME}
        max_session_keys: {64 if way.resuming else 0}
        common_tls_context:
          {self.PARAMETERS}
          validation_context:
            trusted_ca: {{ filename: {certificates.ca} }}
            match_typed_subject_alt_names: [ {{ san_type: DNS, matcher: {{ exact: {NAME} }} }} ]
"""


class Weir(TlsProxy):
    suffix = ".yaml"

    def configuration(self, ways, certificates, plain):
        listeners = "".join(self._listener(way, certificates) for way in ways)
        clusters = "".join(self._cluster(way, certificates, plain) for way in ways)
        return f"event_loops: 1\nlisteners:\n{listeners}clusters:\n{clusters}"

    def _listener(self, way, certificates):
        text = f"  - name: {way.name}\n    address: 127.0.0.1:{self.ports[way.name]}\n"
        if way.kind:
            pair = f"{{ certificate: {certificates.path(way.kind, 'pem')}, private_key: {certificates.path(way.kind, 'key')} }}"
            text += f"    tls: {{ certificates: [ {pair} ], curves: [ X25519, P-256 ] }}\n"
        return text + f"    filters: [ {{ type: tcp_proxy, cluster: {way.name} }} ]\n"

    def _cluster(self, way, certificates, plain):
        text = f'  - name: {way.name}\n    endpoints: [ "127.0.0.1:{way.upstream or plain}" ]\n'
        if not way.kind:
            resuming = "true" if way.resuming else "false"
            text += f"    tls: {{ ca: {certificates.ca}, server_name: {NAME}, curves: [ X25519, P-256 ], session_resumption: {resuming} }}\n"
        return text


def _sid_stunnel():
    root = os.path.join(peers.tools_folder(), "sid", "usr")
    binary = os.path.join(root, "bin", "stunnel")
    if not os.access(binary, os.X_OK):
        return None
    return [os.path.join(root, "lib64/ld-linux-x86-64.so.2"), "--library-path", os.path.join(root, "lib/x86_64-linux-gnu"), binary]


def _stunnel(name, command):
    if not command or not command[0]:
        return None
    out = subprocess.run(command + ["-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    words = (out.stderr + out.stdout).split()
    return Stunnel(name, words[words.index("on") - 1] if "on" in words else "unknown version", command + ["FILE"])


def _hitch():
    binary = shutil.which("hitch") or shutil.which("/usr/sbin/hitch")
    return binary and Hitch("hitch", peers.first_line(binary, "--version").split(" ")[-1], [binary, "--config", "FILE"])


def choose(names, weir_command, say):
    """The peers of a run; names those that are not installed."""
    haproxy, envoy = peers.haproxy(), peers.envoy()
    makers = {
        "stunnel": lambda: _stunnel("stunnel", [shutil.which("stunnel") or shutil.which("stunnel4")]),
        "stunnel-sid": lambda: _stunnel("stunnel of sid", _sid_stunnel()),
        "haproxy": lambda: haproxy and Haproxy("HAProxy", haproxy.version, haproxy.command),
        "hitch": _hitch,
        "envoy": lambda: envoy and Envoy("Envoy", envoy.version, envoy.command),
        "weir": lambda: Weir("Weir", peers.weir(weir_command).version, weir_command + ["run", "FILE"]),
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

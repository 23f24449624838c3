"""Servers, and the register of scenarios, for record-wire.py."""
import glob
import os
import subprocess
import tempfile
import time

import pymongo
import wire_relay

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.environ.get("WEIR_TOOLS") or os.path.expanduser("~/.cache/weir-tools")
USER, PASSWORD = "app", "throw-away"
SCENARIOS = {}


def scenario(text, server="secantus", client="pymongo", pick="app", plan=None):
    """Registers a function of a Bed. Server: secantus, secantus-auth, java, or none where the function makes a Script.
    Pick: which of the connections is kept (see wire_relay.Connection.kind). Plan: a bridge stands before the server."""

    def add(function):
        name = function.__name__.replace("_", "-").strip("-")
        SCENARIOS[name] = (text, server, client, pick, plan, function)
        return function

    return add


class Script:
    """A conversation that nobody held: its bytes come from the specification."""

    def __init__(self):
        self.bursts = []

    def client(self, *data, after=200):
        self.bursts.append((after, "C", b"".join(data)))
        return self

    def server(self, *data, after=500):
        self.bursts.append((after, "S", b"".join(data)))
        return self


class Bed:
    """What a scenario gets: the port to connect to, and the one behind everything."""

    def __init__(self, server, port):
        self.server, self.port = server, port

    def client(self, port=None, **options):
        options = {"appname": "recorder", "directConnection": True, "maxPoolSize": 1, **options}
        options.setdefault("serverMonitoringMode", "poll")
        return pymongo.MongoClient("127.0.0.1", port or self.port, **options)

    def aside(self, **options):
        """A client that is not recorded."""
        return self.client(self.server.port, appname="aside", **options)

    def clean(self):
        if isinstance(self.server, Secantus):
            as_user = {"username": USER, "password": PASSWORD} if isinstance(self.server, SecantusAuth) else {}
            with self.aside(**as_user) as client:
                client.drop_database("shop")
                client.admin.command("configureFailPoint", "failCommand", mode="off")

    def fail(self, **data):
        """The next commands of the recorded clients fail."""
        mode = data.pop("mode", {"times": 1})
        with self.aside() as client:
            client.admin.command("configureFailPoint", "failCommand", mode=mode, data={"appName": "recorder", **data})


class Secantus:
    def __init__(self, folder, *options):
        self.storage = os.path.join(folder, "data")
        self.folder, self.options = folder, options
        self.start()

    def start(self, *options):
        with wire_relay.socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        settings = os.path.join(self.folder, "secantusd.toml")
        open(settings, "a", encoding="utf-8").close()
        command = [f"{TOOLS}/secantus/bin/secantusd-py", "--config", settings, "--port", str(self.port)]
        command += ["--storage-path", self.storage, "--cache-size=64M", "--log-level=WARNING", *self.options, *options]
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 60
        while True:
            try:
                wire_relay.socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, "SecantusDB did not start"
                time.sleep(0.1)
        if "--auth" not in options:
            with pymongo.MongoClient("127.0.0.1", self.port, directConnection=True) as client:
                info = client.admin.command("buildInfo")
                self.version = f"SecantusDB {info['secantusVersion']} (MongoDB {info['version']})"

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


class SecantusAuth(Secantus):
    """With the user USER in admin; others may do nothing."""

    def __init__(self, folder, *options):
        super().__init__(folder, *options)
        with pymongo.MongoClient("127.0.0.1", self.port, directConnection=True) as client:
            client.admin.command("createUser", USER, pwd=PASSWORD, roles=["root"])
        self.process.terminate()
        self.process.wait()
        self.start("--auth")


def jars(*patterns):
    found = []
    for pattern in patterns:
        matching = sorted(glob.glob(os.path.expanduser(f"~/.m2/repository/{pattern}.jar")))
        assert matching, f"no {pattern} in Maven's local repository"
        found.append(matching[-1])
    return ":".join(found)


def java_driver():
    driver = "5.14.0"
    return jars(
        *(f"org/mongodb/{name}/{driver}/{name}-{driver}" for name in ("mongodb-driver-sync", "mongodb-driver-core", "bson")),
        f"org/mongodb/bson-record-codec/{driver}/*",
        "org/xerial/snappy/snappy-java/*/*",
        "com/github/luben/zstd-jni/1.5.7-6/*",
    )


class JavaServer:
    """mongo-java-server, from Maven's local repository."""

    def __init__(self, folder, *_):
        netty = ("buffer", "codec-base", "common", "handler", "resolver", "transport", "transport-native-unix-common")
        path = jars(
            "de/bwaldvogel/mongo-java-server-core/*/*",
            "de/bwaldvogel/mongo-java-server-memory-backend/*/*",
            *(f"io/netty/netty-{name}/4.2.*/*Final" for name in netty),
            "org/slf4j/slf4j-api/2.*/*",
        )
        self.version = "mongo-java-server " + path.split("-core-")[1].split(".jar")[0]
        command = ["java", "-cp", path, os.path.join(HERE, "RecordServer.java")]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()


SERVERS = {"secantus": Secantus, "secantus-auth": SecantusAuth, "java": JavaServer}


def started(kind):
    folder = tempfile.mkdtemp(prefix="weir-wire-")
    return SERVERS[kind](folder, "--enable-test-commands"), folder

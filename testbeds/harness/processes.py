"""Processes that are pinned to a core, measured, limited in time, and gone when the benchmark is."""

import atexit
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_started = []


class Failed(Exception):
    """A process ended, hung or never listened."""


def _in_child():
    os.setsid()
    # Also when the benchmark itself is killed by force.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A long-running program on one core. Its output goes to a file that is shown when it fails."""

    def __init__(self, name, command, core, folder, environment=None, dialogue=False):
        self.name = name
        self.log = os.path.join(folder, name.replace(" ", "-") + ".log")
        pinned = ["taskset", "-c", str(core)] if core is not None else []
        with open(self.log, "ab") as log:
            self.started = time.monotonic()
            self.popen = subprocess.Popen(
                pinned + command,
                stdin=subprocess.PIPE if dialogue else subprocess.DEVNULL,
                stdout=subprocess.PIPE if dialogue else log,
                stderr=log,
                text=True,
                env={**os.environ, **(environment or {})},
                preexec_fn=_in_child,
            )
        self.pid = self.popen.pid
        _started.append(self)

    def alive(self):
        return self.popen.poll() is None

    def await_port(self, port, patience=60.0):
        """Seconds from the start of the process until it accepted, and from its last exec until then."""
        program, since = None, self.started
        while True:
            now = time.monotonic()
            current = self._program()
            if current != program:
                # taskset, then perhaps a shell script, then the program itself.
                program, since = current, now
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    now = time.monotonic()
                    return now - self.started, now - since
            except OSError:
                pass
            if not self.alive():
                raise Failed(f"{self.name} ended with {self.popen.returncode}: {self.tail()}")
            if now - self.started > patience:
                raise Failed(f"{self.name} does not listen after {patience:.0f} s: {self.tail()}")
            time.sleep(0.001)

    def line(self, patience):
        """The next line of its output, if it was started for a dialogue."""
        watch = threading.Timer(patience, self.popen.kill)
        watch.start()
        try:
            line = self.popen.stdout.readline()
        finally:
            watch.cancel()
        if not line:
            raise Failed(f"{self.name} ended, or was silent for {patience:.0f} s: {self.tail()}")
        return line.strip()

    def ask(self, line, patience):
        """Writes a line, reads one."""
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()
        return self.line(patience)

    def _program(self):
        try:
            return os.readlink(f"/proc/{self.pid}/exe")
        except OSError:
            return None

    def cpu(self):
        """CPU seconds of the process so far, user and system, threads that ended included."""
        return cpu_of(self.pid)

    def resident(self):
        """Resident memory in bytes."""
        return resident_of(self.pid)

    def tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return " | ".join(log.read().strip().splitlines()[-6:]) or "no output"

    def stop(self):
        """Asks, then forces."""
        for sign, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, 5)):
            if not self.alive():
                break
            try:
                os.killpg(self.pid, sign)
            except ProcessLookupError:
                break
            try:
                self.popen.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        if self in _started:
            _started.remove(self)


def cpu_of(pid):
    """CPU seconds of a process so far, user and system, threads that ended included."""
    try:
        # The CPU clock of another process (man 3 clock_getcpuclockid): nanoseconds.
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_of(pid):
    """Resident memory of a process in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
    return 0


def run(command, core, patience):
    """Output of a program that ends by itself. It is killed when it takes longer than ``patience`` seconds."""
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    popen = subprocess.Popen(
        pinned + command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_in_child,
        text=True,
    )
    try:
        out, err = popen.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise Failed(f"no end after {patience:.0f} s: {' '.join(command)}") from None
    finally:
        if popen.poll() is None:
            os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()
    if popen.returncode != 0:
        raise Failed(f"exit code {popen.returncode}: {' '.join(command)}: {err.strip() or out.strip()}")
    return out


class ResidentWatch:
    """Largest resident memory of a process while some code runs."""

    def __init__(self, process):
        self.process, self.most, self._over = process, 0, threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self):
        while not self._over.is_set():
            try:
                self.most = max(self.most, self.process.resident())
            except OSError:
                return
            self._over.wait(0.1)

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def stop_all():
    for process in list(reversed(_started)):
        process.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _terminated(*_):
    raise KeyboardInterrupt


atexit.register(stop_all)
signal.signal(signal.SIGTERM, _terminated)

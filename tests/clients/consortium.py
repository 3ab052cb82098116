"""A consortium of real processes on this machine: an authority, snapshots, a gateway, nodes.

Everything lies in one folder: `pki/`, `state/<site>/`, `logs/<program>.log` and the configurations. Nothing here knows
pytest, so that it can be used from a Python prompt as well.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import adbc_driver_flightsql.dbapi as flightsql
from adbc_driver_flightsql import DatabaseOptions

START_LIMIT = 60.0
STOP_LIMIT = 15.0
TOKEN = "a-long-random-token-of-somebody-without-a-certificate-71b2c0"


class Trouble(Exception):
    """A program did not do what it was started for; the text holds what it said."""


@dataclass(frozen=True)
class Project:
    """A project as gateway and nodes are configured with it; the nodes' own minimum may differ."""

    id: str
    members: tuple[str, ...]
    minimum_persons: int = 10
    node_minimum: int | None = None
    tables: tuple[str, ...] | None = None
    sites: tuple[str, ...] | None = None


@dataclass
class Program:
    """A program that runs until it is stopped, with its output in a log file that survives restarts."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen | None = None

    def start(self) -> None:
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment()
            )

    def ended(self) -> int | None:
        return None if self.process is None else self.process.poll()

    def signal_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Asks it to drain; one that does not is killed, and that is an error."""
        if self.process is None:
            return
        self.signal_stop()
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Trouble(f"{self.name} did not end within {STOP_LIMIT:.0f} s of SIGTERM") from None
        finally:
            self.process = None

    def kill(self) -> None:
        """Ends it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Consortium:
    """Sites, people and projects; `prepare`, `ingest` each site, `start`, ask, `stop`."""

    dir: Path
    bin: Path
    sites: tuple[str, ...]
    people: tuple[str, ...]
    projects: tuple[Project, ...]
    token_person: str
    minimum_persons: int = 1
    # Sites that do not publish their codes.
    silent: tuple[str, ...] = ()
    # Who copies logs and asks nothing.
    auditors: tuple[str, ...] = ()
    port: int = 0
    snapshots: dict[str, Path] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def pki(self) -> Path:
        return self.dir / "pki"

    @property
    def uri(self) -> str:
        return f"flightsql://localhost:{self.port}"

    # Before anything runs.

    def prepare(self) -> None:
        self.port = free_port()
        command = ["dev-ca", "--quiet", "--consortium", "clients", "--out", self.pki]
        for site in self.sites:
            command += ["--site", site]
        for person in (*self.people, *self.auditors):
            command += ["--person", person]
        self.run("renkei", *command)
        (self.dir / "token").write_text(TOKEN)
        self.gateway_config.write_text(self._gateway_toml())
        for site in self.sites:
            self.node_config(site).write_text(self._node_toml(site))

    @property
    def gateway_config(self) -> Path:
        return self.dir / "gateway.toml"

    def node_config(self, site: str) -> Path:
        return self.dir / f"node-{site}.toml"

    def ingest(self, site: str, *folders: Path, seal: str = "synthetic") -> dict:
        """Makes a site's snapshot and returns the report."""
        done = self.run(
            "renkei-node", "ingest", "--seal", seal, "--json", "--log", "warn",
            "--config", self.node_config(site), *folders,
        )
        report = json.loads(done.stdout)
        self.snapshots[site] = self.dir / "state" / site / "snapshots" / report["snapshot"]
        return report

    # Running.

    def start(self) -> None:
        self._program("gateway", "renkei-gateway", self.gateway_config).start()
        for site in self.sites:
            self._program(f"node-{site}", "renkei-node", self.node_config(site)).start()
        self.wait_connected(self.sites)

    def stop(self) -> None:
        """Stops everything, and only then says what went wrong."""
        troubles = []
        for program in self.programs.values():
            program.signal_stop()
        for program in self.programs.values():
            try:
                program.stop()
            except Trouble as trouble:
                troubles.append(str(trouble))
        if troubles:
            raise Trouble("; ".join(troubles))

    @contextmanager
    def without(self, site: str, kill: bool = False):
        """Runs a block while one node is away; afterwards it has come back by itself."""
        node = self.programs[f"node-{site}"]
        (node.kill if kill else node.stop)()
        try:
            self.wait_connected(self.running_sites())
            yield
        finally:
            node.start()
            self.wait_connected(self.running_sites())

    @contextmanager
    def frozen(self, site: str):
        """Runs a block while one node's process is stopped where it stands, connection and all."""
        process = self.programs[f"node-{site}"].process
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)
            self.wait_connected(self.running_sites())

    def running_sites(self) -> list[str]:
        return [site for site in self.sites if self.programs[f"node-{site}"].process is not None]

    def revive(self) -> None:
        """Replaces the nodes' processes, whatever they were busy with."""
        for site in self.sites:
            self.programs[f"node-{site}"].kill()
        for site in self.sites:
            self.programs[f"node-{site}"].start()
        self.wait_connected(self.sites)

    def node_seconds(self) -> float:
        """Processor time that the nodes have used so far."""
        ticks = 0
        for site in self.sites:
            stat = Path(f"/proc/{self.programs[f'node-{site}'].process.pid}/stat").read_text()
            ticks += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def wait_connected(self, sites: Iterable[str]) -> None:
        """Waits until exactly these sites are connected."""
        wanted, limit, seen = sorted(sites), time.monotonic() + START_LIMIT, "nothing"
        while time.monotonic() < limit:
            for program in self.programs.values():
                if program.ended() is not None:
                    raise Trouble(f"{program.name} ended with {program.ended()}:\n{tail(program.log)}")
            done = self.renkei("query", "--quiet", "--output", "json", "SELECT site_id, state FROM renkei.sites")
            if done.returncode == 0:
                rows = [json.loads(line) for line in done.stdout.splitlines()]
                seen = sorted(row["site_id"] for row in rows if row["state"] == "connected")
                if seen == wanted:
                    return
            time.sleep(0.1)
        logs = "\n".join(f"== {name}\n{tail(program.log)}" for name, program in self.programs.items())
        raise Trouble(f"connected: {seen}, wanted: {wanted}\n{done.stderr.decode()}\n{logs}")

    def renkei(self, *args, project: str | None = "open", person: str = "taro", stdin: bytes = b"", port=None,
               limit: float = 60):
        """The `renkei` command as a person would call it; never raises because of its exit status."""
        command = self._renkei(args, project, person, port or self.port)
        return subprocess.run(command, input=stdin, capture_output=True, timeout=limit, env=environment(self.dir))

    def renkei_process(self, *args, project: str | None = "open", person: str = "taro",
                       stderr: int = subprocess.PIPE) -> subprocess.Popen:
        """The same, still running."""
        command, pipe = self._renkei(args, project, person, self.port), subprocess.PIPE
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=stderr, env=environment(self.dir))

    def options(self, project: str | None = "open", person: str | None = "taro", token: str | None = None,
                headers: Mapping[str, str] = {}) -> dict[str, str]:
        """Options of the stock ADBC driver: identity, project and further call headers."""
        options = {DatabaseOptions.TLS_ROOT_CERTS.value: (self.pki / "ca.pem").read_text()}
        if person is not None:
            identity = self._identity(person)
            options[DatabaseOptions.MTLS_CERT_CHAIN.value] = identity["cert"].read_text()
            options[DatabaseOptions.MTLS_PRIVATE_KEY.value] = identity["key"].read_text()
        if token is not None:
            options[DatabaseOptions.AUTHORIZATION_HEADER.value] = f"Bearer {token}"
        headers = dict(headers) | ({} if project is None else {"renkei-project": project})
        for name, value in headers.items():
            options[DatabaseOptions.RPC_CALL_HEADER_PREFIX.value + name] = value
        return options

    def connect(self, *args, **options) -> flightsql.Connection:
        return flightsql.connect(self.uri, db_kwargs=self.options(*args, **options), autocommit=True)

    def run(self, program: str, *args) -> subprocess.CompletedProcess:
        """Runs a program to its end; anything but success is trouble."""
        done = subprocess.run([self.bin / program, *map(str, args)], capture_output=True, env=environment(self.dir))
        if done.returncode != 0:
            raise Trouble(f"{program} {args[0]} ended with {done.returncode}:\n{done.stderr.decode()}")
        return done

    def _renkei(self, args, project: str | None, person: str, port: int) -> list[str]:
        connection = ["--gateway", f"localhost:{port}"] + ([] if "--lang" in args else ["--lang", "en"])
        for flag, path in self._identity(person).items():
            connection += [f"--{flag}", str(path)]
        if project is not None:
            connection += ["--project", project]
        return [str(self.bin / "renkei"), *map(str, args), *connection]

    def _identity(self, person: str) -> dict[str, Path]:
        people = self.pki / "people"
        return {"ca": self.pki / "ca.pem", "cert": people / f"{person}.pem", "key": people / f"{person}.key"}

    def _program(self, name: str, binary: str, config: Path) -> Program:
        command = [str(self.bin / binary), "run", "--config", str(config)]
        return self.programs.setdefault(name, Program(name, command, self.dir / "logs" / f"{name}.log"))

    def _gateway_toml(self) -> str:
        parts = ['state_dir = "state/gateway"', f'listen = "127.0.0.1:{self.port}"']
        parts += [f"auditors = {json.dumps(self.auditors)}", tls("gateway")]
        parts += [f'[[sites]]\nid = "{site}"\n' for site in self.sites]
        for project in self.projects:
            parts.append(
                f'[[projects]]\nid = "{project.id}"\ntitle = "{project.id}"\nmembers = {json.dumps(project.members)}\n'
                f"sites = {json.dumps(project.sites or self.sites)}\n"
                f"tables = {json.dumps(project.tables or 'all')}\nminimum_persons = {project.minimum_persons}\n"
            )
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        parts.append(f'[[tokens]]\nsha256 = "{digest}"\nperson = "{self.token_person}"\n')
        return "\n".join(parts)

    def _node_toml(self, site: str) -> str:
        parts = [
            f'state_dir = "state/{site}"',
            tls(f"sites/{site}"),
            f'[gateway]\naddress = "localhost:{self.port}"\nid = "gateway"\n',
            f"[policy]\nminimum_persons = {self.minimum_persons}\n"
            f"publish_codes = {json.dumps(site not in self.silent)}\n",
            "[engine]\nthreads = 1\nmemory_mib = 256\n",
        ]
        for project in self.projects:
            parts.append(
                f'[[projects]]\nid = "{project.id}"\ntables = "all"\n'
                f"minimum_persons = {project.node_minimum or project.minimum_persons}\n"
            )
        return "\n".join(parts)


def tls(name: str) -> str:
    return f'\n[tls]\nca = "pki/ca.pem"\ncertificate = "pki/{name}.pem"\nkey = "pki/{name}.key"\n'


def environment(home: Path | None = None) -> dict[str, str]:
    """The environment of every program: nothing of the caller's own Renkei settings gets in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RENKEI_")}
    return kept | ({} if home is None else {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")})


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def tail(path: Path, lines: int = 30) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else "(no log)"

# SPDX-License-Identifier: Apache-2.0
"""The freshet process as a user runs it: `serve` on free ports, its ready line, SQL through PyMySQL, kill and restart
on the same data directory."""
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import time

import pymysql

from tests.servers import process

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY_LINE = re.compile(r"ready mysql=([\d.]+):(\d+) http=([\d.]+):(\d+) data-dir=(.*)")
READY_DEADLINE_S = 60
FAILPOINT_EXIT_STATUS = 42  # base/failpoint.h
SYNC_TIMEOUT_S = 120


def binary():
    path = pathlib.Path(os.environ.get("FRESHET_BINARY", ROOT / "build/release/freshet"))
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run ./dev build")
    return path


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def properties(values):
    return "(" + ", ".join(f"{quote(key)} = {quote(str(value))}" for key, value in values.items()) + ")"


class Freshet:
    def __init__(self, arguments=(), data=None, preexec=None):
        self.arguments = list(arguments)
        self.data = data or process.new_folder("freshet") / "data"
        self.log = self.data.parent / "freshet.log"
        self.preexec = preexec
        self.process = None
        self.mysql_port = self.http_port = None
        self.failpoints = ""
        self.ports = ("0", "0")

    def launch(self):
        """Starts the process without waiting for the ready line."""
        env = dict(os.environ)
        env.pop("FRESHET_FAILPOINTS", None)
        if self.failpoints:
            env["FRESHET_FAILPOINTS"] = self.failpoints
        self.process = process.ServerProcess(
            [binary(), "serve", "--data-dir", self.data, "--mysql-port", self.ports[0],
             "--http-port", self.ports[1], *self.arguments],
            self.log, env=env, stdout=subprocess.PIPE, preexec=self.preexec).start()
        return self

    def start(self, failpoints="", ports=None):
        self.failpoints = failpoints
        self.ports = ports or self.ports
        self.launch()
        line = self._read_line(READY_DEADLINE_S)
        match = READY_LINE.match(line)
        if not match:
            status = self.process.popen.poll()
            raise RuntimeError(f"no ready line but {line!r} (status {status}); log: {self.process.tail()}")
        self.mysql_port, self.http_port = int(match.group(2)), int(match.group(4))
        return self

    def _read_line(self, deadline_s):
        """The first line of stdout; what came until then when the process ended or the deadline passed."""
        descriptor, buffer, end = self.process.popen.stdout.fileno(), b"", time.monotonic() + deadline_s
        while b"\n" not in buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                break
            piece = os.read(descriptor, 4096)
            if not piece:
                self.process.wait(10)
                break
            buffer += piece
        return buffer.decode(errors="replace").split("\n")[0]

    def stop(self, deadline_s=20):
        return self.process.stop(signal.SIGTERM, deadline_s)

    def kill(self):
        self.process.kill()

    def restart(self, failpoints=""):
        self.kill()
        return self.start(failpoints)

    def remove(self):
        if self.process:
            self.process.kill()
        shutil.rmtree(self.data.parent, ignore_errors=True)

    def peak_memory_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024

    # --- SQL ---------------------------------------------------------------------------------------------------

    def connect(self, database=None, **arguments):
        arguments.setdefault("user", "root")
        arguments.setdefault("password", "")
        arguments.setdefault("read_timeout", 300)
        return pymysql.connect(host="127.0.0.1", port=self.mysql_port, database=database, charset="utf8mb4",
                               autocommit=True, connect_timeout=10, **arguments)

    def execute(self, sql, database=None, **arguments):
        with self.connect(database, **arguments) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def rows(self, sql, database=None):
        """Rows as dictionaries, every value as the text that the server sent."""
        with self.connect(database, conv={}, cursorclass=pymysql.cursors.DictCursor) as connection:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()

    def value(self, sql, database=None):
        return self.execute(sql, database)[0][0]

    # --- jobs --------------------------------------------------------------------------------------------------

    def create_job(self, name, source, database, target=None, job=None, target_properties=None, **source_properties):
        """CREATE DATABASE (when missing) and CREATE JOB. `source` is a server of tests/servers or its kind's name."""
        target = target or database
        self.execute(f"CREATE DATABASE IF NOT EXISTS `{target}`")
        self.execute(create_job_sql(name, source, database, target, job, target_properties, **source_properties))

    def job(self, name):
        found = [row for row in self.rows('SELECT * FROM jobs("type"="insert")') if row["Name"] == name]
        return found[0] if found else None

    def status(self, name):
        job = self.job(name)
        return job["Status"] if job else None

    def tables(self, name):
        """job_tables() by table name, with the column names in lower case."""
        rows = [{key.lower(): value for key, value in row.items()}
                for row in self.rows(f'SELECT * FROM job_tables("jobName"="{name}")')]
        return {table_name(row): row for row in rows}

    def sync(self, name, timeout_s=SYNC_TIMEOUT_S):
        return self.rows(f"SYNC JOB WHERE jobName = {quote(name)} TIMEOUT {timeout_s}")

    def wait_status(self, name, status, deadline_s=60):
        def reached():
            found = self.job(name)
            if found and found["Status"] == status:
                return found
            raise AssertionError(f"job {name} is {found and (found['Status'], found['ErrorMsg'])}")

        return process.wait_until(reached, deadline_s, f"job {name} {status}", poll_s=0.1)

    def wait_table(self, name, table, state, deadline_s=60):
        def reached():
            found = self.tables(name).get(table)
            if found and found["state"] == state:
                return found
            raise AssertionError(f"table {table} is {found}")

        return process.wait_until(reached, deadline_s, f"table {table} {state}", poll_s=0.1)

    def resume(self, name):
        self.execute(f"RESUME JOB WHERE jobName = {quote(name)}")

    def pause(self, name):
        self.execute(f"PAUSE JOB WHERE jobName = {quote(name)}")

    def drop(self, name):
        self.execute(f"DROP JOB IF EXISTS WHERE jobName = {quote(name)}")


def table_name(row):
    """The source table's bare name of a job_tables() row."""
    return row["sourcetable"].split(".")[-1]


def create_job_sql(name, source, database, target, job=None, target_properties=None, **source_properties):
    is_postgres = hasattr(source, "major")
    from tests.servers.mariadb import MIRROR_PASSWORD, MIRROR_USER
    values = {"user": MIRROR_USER, "password": MIRROR_PASSWORD, "database": database}
    if is_postgres:
        values["jdbc_url"] = f"jdbc:postgresql://127.0.0.1:{source.port}/{database}"
        values["schema"] = "public"
    else:
        values["jdbc_url"] = f"jdbc:mysql://127.0.0.1:{source.port}"
    values.update(source_properties)
    values = {key: value for key, value in values.items() if value is not None}
    return (f"CREATE JOB {name} " + (f"PROPERTIES {properties(job)} " if job else "") + "ON STREAMING "
            f"FROM {'POSTGRES' if is_postgres else 'MYSQL'} {properties(values)} TO DATABASE `{target}`"
            + (f" {properties(target_properties)}" if target_properties else ""))

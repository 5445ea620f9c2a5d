# SPDX-License-Identifier: Apache-2.0
"""A throwaway Postgres with wal_level=logical: Debian's 15, or one of the unpacked 14, 16, 17, 18."""
import os
import pathlib
import pwd
import shutil
import signal

import psycopg2

from tests.servers import downloads, process

MIRROR_USER, MIRROR_PASSWORD = "mirror", "mirror-s3cret"
ADMIN_PASSWORD = "admin-secret"
DEBIAN_MAJOR = 15

DEFAULT_OPTIONS = {
    "wal_level": "logical",
    "max_wal_senders": "20",
    "max_replication_slots": "20",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "off",  # synchronous_commit stays on: the log of asynchronous commits reaches readers up to 200 ms later
    "timezone": "Asia/Tokyo",  # on purpose not UTC
    "log_min_messages": "warning",
}


def _folder_for_user(folder, user):
    """`folder` itself when `user` can reach it, else a copy in the run's folder: a clone may lie below /root."""
    if not process.is_root():
        return folder
    entry = pwd.getpwnam(user)
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        os._exit(0 if os.access(folder / "bin/postgres", os.X_OK) else 1)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        return folder
    copy = process.run_folder() / folder.name
    if not copy.exists():
        shutil.copytree(folder, copy, symlinks=True)
    return copy


class Postgres:
    kind = "postgres"
    run_as = "postgres"
    _binaries = {}

    def __init__(self, major=DEBIAN_MAJOR, options=None):
        self.major = major
        self.options = dict(DEFAULT_OPTIONS)
        self.options.update(options or {})
        self.user = self.run_as if process.is_root() else None
        self.folder = process.new_folder(f"postgres{major}", self.user)
        self.data = self.folder / "data"
        self.port = process.free_port()
        self.process = None

    def bin(self, name):
        if self.major not in Postgres._binaries:
            folder = pathlib.Path(f"/usr/lib/postgresql/{DEBIAN_MAJOR}")
            if self.major != DEBIAN_MAJOR:
                folder = _folder_for_user(downloads.postgres_root(self.major), self.run_as)
            Postgres._binaries[self.major] = folder / "bin"
        return Postgres._binaries[self.major] / name

    def start(self):
        first = not self.data.exists()
        if first:
            password_file = self.folder / "password"
            password_file.write_text(ADMIN_PASSWORD)
            if self.user:
                shutil.chown(password_file, self.user, self.user)
            process.run_checked([self.bin("initdb"), "-D", self.data, "-U", "admin", "-E", "UTF8", "--locale=C",
                                 "-A", "scram-sha-256", f"--pwfile={password_file}", "--no-sync"], user=self.user)
        options = [argument for name, value in self.options.items() for argument in ("-c", f"{name}={value}")]
        # An immediate shutdown is what a dying parent leaves behind; the data goes with it.
        self.process = process.ServerProcess(
            [self.bin("postgres"), "-D", self.data, "-p", self.port, "-c", "listen_addresses=127.0.0.1",
             "-c", f"unix_socket_directories={self.folder}", *options],
            self.folder / "log", user=self.user, death_signal=signal.SIGQUIT).start()
        self.process.wait_ready(self._login_works, f"postgres {self.major} to accept a login")
        if first:
            self.execute(f"CREATE ROLE {MIRROR_USER} LOGIN REPLICATION PASSWORD '{MIRROR_PASSWORD}'")
        return self

    def stop(self):
        if self.process and self.process.running():
            self.process.stop(signal.SIGINT, 60)  # fast shutdown

    def kill(self):
        self.process.stop(signal.SIGQUIT, 60)

    def restart(self):
        self.stop()
        return self.start()

    def remove(self):
        if self.process and self.process.running():
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database="postgres", user=None, password=None, autocommit=True):
        """In a database of create_database() as its owner, the mirror user; in "postgres" as the superuser."""
        if user is None:
            user, password = ("admin", ADMIN_PASSWORD) if database == "postgres" else (MIRROR_USER, MIRROR_PASSWORD)
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user=user, password=password, dbname=database,
                                      connect_timeout=10)
        connection.autocommit = autocommit
        return connection

    def execute(self, sql, arguments=None, database="postgres"):
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, arguments)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def script(self, statements, database="postgres"):
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def create_database(self, name):
        """Owned by the mirror user: publishing a table needs its ownership (Postgres' rule)."""
        self.execute(f'CREATE DATABASE "{name}" OWNER {MIRROR_USER}')

    def url(self, database):
        return f"postgres://{MIRROR_USER}:{MIRROR_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def _login_works(self):
        self.connect().close()
        return True

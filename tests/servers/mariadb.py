# SPDX-License-Identifier: Apache-2.0
"""A throwaway MariaDB (Debian's mariadbd) with a row-format binary log, and what MySQL servers have in common."""
import shutil
import signal

import pymysql

from tests.servers import process

ADMIN_USER, ADMIN_PASSWORD = "admin", "admin-secret"
# What docs tell users to grant for a mirror, and nothing more.
MIRROR_USER, MIRROR_PASSWORD = "mirror", "mirror-s3cret"
MIRROR_GRANTS = "SELECT, REPLICATION SLAVE, REPLICATION CLIENT"

DEFAULT_OPTIONS = {
    "log-bin": "binlog",
    "server-id": "1",
    "binlog-format": "ROW",
    "binlog-row-image": "FULL",
    "innodb-buffer-pool-size": "128M",
    "innodb-flush-log-at-trx-commit": "0",
    "sync-binlog": "0",
    "character-set-server": "utf8mb4",
    "default-time-zone": "+03:00",  # on purpose not UTC: TIMESTAMP must not depend on it
    "max-connections": "200",
    "max-allowed-packet": "64M",
    "skip-name-resolve": None,
}

# Of a new data folder: the disk need not have it when the machine loses power.
UNSAFE_BUT_QUICK = "--innodb-flush-method=nosync"
_templates = {}  # kind -> an initialised data folder: made once per run, copied per server


def option_arguments(options):
    return [f"--{name}" if value is None else f"--{name}={value}" for name, value in options.items()]


class MysqlServer:
    """Start, connect, run SQL, stop. Subclasses say how a data folder is made and what the command is."""

    kind = "mysql"
    user_creation = "CREATE USER '{user}'@'%' IDENTIFIED BY '{password}'"

    def __init__(self, options=None):
        self.options = dict(DEFAULT_OPTIONS)
        self.options.update(options or {})
        self.options = {name: value for name, value in self.options.items() if value is not False}
        self.folder = process.new_folder(self.kind)
        self.data = self.folder / "data"
        self.port = process.free_port()
        self.socket = self.folder / "s.sock"  # short: a socket path holds 107 bytes
        self.process = None

    def make_data(self, folder):
        """A new server's data in `folder`, which does not exist yet."""
        raise NotImplementedError

    def _copy_template(self):
        if self.kind not in _templates:
            template = process.new_folder(f"{self.kind}-template") / "data"
            self.make_data(template)
            _templates[self.kind] = template
        shutil.copytree(_templates[self.kind], self.data)

    def command(self):
        raise NotImplementedError

    def start(self):
        first = not self.data.exists()
        if first:
            self._copy_template()
        self.process = process.ServerProcess(self.command(), self.folder / "log").start()
        self.process.wait_ready(self._login_works if not first else self._socket_login_works, f"{self.kind} to accept a login")
        if first:
            self._create_users()
            self.process.wait_ready(self._login_works, f"{self.kind} to accept a login over TCP")
        return self

    def stop(self):
        if self.process and self.process.running():
            self.process.stop(signal.SIGTERM, 60)

    def kill(self):
        self.process.kill()

    def restart(self):
        self.stop()
        return self.start()

    def remove(self):
        if self.process:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database=None, user=ADMIN_USER, password=ADMIN_PASSWORD, **arguments):
        return pymysql.connect(host="127.0.0.1", port=self.port, user=user, password=password, database=database,
                               autocommit=True, charset="utf8mb4", connect_timeout=10, **arguments)

    def execute(self, sql, arguments=None, database=None):
        """Rows of one statement on a connection of its own."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(sql, arguments)
            return cursor.fetchall()

    def script(self, statements, database=None):
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def url(self, database):
        return f"mysql://{MIRROR_USER}:{MIRROR_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def _login_works(self):
        self.connect().close()
        return True

    def _socket_login_works(self):
        pymysql.connect(unix_socket=str(self.socket), user="root", connect_timeout=5).close()
        return True

    def _create_users(self):
        create = self.user_creation
        statements = [
            create.format(user=ADMIN_USER, password=ADMIN_PASSWORD),
            f"GRANT ALL PRIVILEGES ON *.* TO '{ADMIN_USER}'@'%' WITH GRANT OPTION",
            create.format(user=MIRROR_USER, password=MIRROR_PASSWORD),
            f"GRANT {MIRROR_GRANTS} ON *.* TO '{MIRROR_USER}'@'%'",
        ]
        with pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True) as connection:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)


class MariaDb(MysqlServer):
    kind = "mariadb"

    def make_data(self, folder):
        command = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}", "--skip-test-db", UNSAFE_BUT_QUICK,
                   f"--tmpdir={folder.parent}", "--auth-root-authentication-method=normal", "--skip-name-resolve"]
        if process.is_root():
            command.append("--user=root")
        process.run_checked(command)

    def command(self):
        command = ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.data}", f"--port={self.port}",
                   "--bind-address=127.0.0.1", f"--socket={self.socket}", f"--pid-file={self.folder / 'pid'}",
                   f"--tmpdir={self.folder}",  # a starting server removes what looks left over in a shared one
                   *option_arguments(self.options)]
        if process.is_root():
            command.append("--user=root")
        return command

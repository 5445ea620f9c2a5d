# SPDX-License-Identifier: Apache-2.0
"""A throwaway MySQL 9, unpacked into a private root by tests/servers/downloads.py and run with its own loader:
nothing of it is installed into the system."""
from tests.servers import downloads, process
from tests.servers.mariadb import UNSAFE_BUT_QUICK, MysqlServer, option_arguments

# PyMySQL reaches caching_sha2_password without TLS through the server's RSA key, so the default plugin stays.


class Mysql(MysqlServer):
    kind = "mysql9"

    def __init__(self, options=None):
        defaults = {
            "gtid-mode": "ON",
            "enforce-gtid-consistency": "ON",
            "mysqlx": "OFF",
            # Deprecated in 9 and the default anyway; naming them would only add warnings.
            "binlog-format": False,
        }
        defaults.update(options or {})
        super().__init__(defaults)

    def _base(self, data):
        root = downloads.mysql_root()
        libraries = root / "usr/lib/x86_64-linux-gnu"
        return [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, root / "usr/sbin/mysqld",
                "--no-defaults", f"--basedir={root / 'usr'}", f"--lc-messages-dir={root / 'usr/share/mysql'}",
                "--secure-file-priv=", f"--datadir={data}", f"--tmpdir={self.folder}", *(["--user=root"] if process.is_root() else [])]

    def make_data(self, folder):
        process.run_checked([*self._base(folder), "--initialize-insecure", UNSAFE_BUT_QUICK, f"--log-error={self.folder / 'initialize.log'}"])
        (folder / "auto.cnf").unlink(missing_ok=True)  # the server's identity: each copy makes one of its own

    def command(self):
        return [*self._base(self.data), f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.socket}",
                f"--pid-file={self.folder / 'pid'}", *option_arguments(self.options)]

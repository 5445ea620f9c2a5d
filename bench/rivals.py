# SPDX-License-Identifier: Apache-2.0
"""The public tools measured beside freshet, on the same machine and the same data: a MariaDB replica, mariadb-dump, a native
Postgres subscription, pg_recvlogical, psql's binary copy. Each function returns seconds."""
import os
import subprocess
import time

from tests.servers.mariadb import ADMIN_PASSWORD, ADMIN_USER, MariaDb
from tests.servers.postgres import ADMIN_PASSWORD as POSTGRES_PASSWORD
from tests.servers.postgres import MIRROR_PASSWORD, MIRROR_USER, Postgres
from tests.servers.process import new_folder, wait_until

DEADLINE_S = 900
REPLICA_WORKERS = 2


def timed(command, **environment):
    started = time.monotonic()
    done = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=DEADLINE_S,
                          env=dict(os.environ, **environment))
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.decode(errors='replace')[-1000:]}")
    return time.monotonic() - started


class MariaDbReplica:
    """A second MariaDB that replicates by GTID, with optimistic parallel workers; stopped until catch_up()."""

    def __init__(self, source):
        self.source = source
        self.server = MariaDb({"server-id": "2", "slave-parallel-threads": str(REPLICA_WORKERS),
                               "slave-parallel-mode": "optimistic"}).start()
        position = source.execute("SELECT @@gtid_binlog_pos")[0][0]
        self.server.script([
            f"SET GLOBAL gtid_slave_pos = '{position}'",
            f"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {source.port}, MASTER_USER = '{ADMIN_USER}', "
            f"MASTER_PASSWORD = '{ADMIN_PASSWORD}', MASTER_USE_GTID = slave_pos"])

    def catch_up(self):
        position = self.source.execute("SELECT @@gtid_binlog_pos")[0][0]
        started = time.monotonic()
        self.server.script(["START SLAVE"])
        reached = self.server.execute(f"SELECT MASTER_GTID_WAIT('{position}', {DEADLINE_S})")[0][0]
        seconds = time.monotonic() - started
        if reached != 0:
            raise RuntimeError(f"the replica did not catch up: {self.server.execute('SHOW SLAVE STATUS')}")
        return seconds

    def remove(self):
        self.server.remove()


def mariadb_dump(source, database):
    return timed(["mariadb-dump", "--no-defaults", "-h", "127.0.0.1", "-P", source.port, "-u", ADMIN_USER, f"-p{ADMIN_PASSWORD}",
                  "--single-transaction", "--quick", database, "orders"])


class Subscription:
    """A native logical subscription (binary, streaming) in a second Postgres 15; disabled until catch_up()."""

    def __init__(self, source, database, table):
        self.source, self.database = source, database
        self.server = Postgres().start()
        self.server.execute(f"CREATE DATABASE {database}")
        self._admin(self.server, table)
        self._admin(source, "CREATE PUBLICATION bench_subscription FOR TABLE orders")
        self._admin(source, "SELECT pg_create_logical_replication_slot('bench_subscription', 'pgoutput')")
        self._admin(self.server,
                    f"CREATE SUBSCRIPTION bench CONNECTION 'host=127.0.0.1 port={source.port} dbname={database} user=admin "
                    f"password={POSTGRES_PASSWORD}' PUBLICATION bench_subscription WITH (enabled = false, create_slot = false, "
                    "slot_name = 'bench_subscription', copy_data = false, binary = true, streaming = true)")

    def _admin(self, server, sql):
        connection = server.connect(self.database, user="admin", password=POSTGRES_PASSWORD)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def catch_up(self, rows_expected):
        """Until the subscriber's table holds the final rows: its count changes only with the last transaction, the DELETE."""
        started = time.monotonic()
        self._admin(self.server, "ALTER SUBSCRIPTION bench ENABLE")
        end = self._admin(self.source, "SELECT pg_current_wal_insert_lsn()")[0][0]
        wait_until(lambda: self._admin(self.source, f"SELECT replay_lsn >= '{end}' FROM pg_stat_replication "
                                                    "WHERE application_name = 'bench'")[0][0], DEADLINE_S, "the subscription")
        seconds = time.monotonic() - started
        count = self._admin(self.server, "SELECT count(*) FROM orders")[0][0]
        if count != rows_expected:
            raise RuntimeError(f"the subscriber has {count} rows, expected {rows_expected}")
        return seconds

    def remove(self):
        self.server.remove()
        self._admin(self.source, "SELECT pg_drop_replication_slot('bench_subscription')")


def create_recvlogical_slot(source, database):
    source.script(["CREATE PUBLICATION bench_recv FOR TABLE orders",
                   "SELECT pg_create_logical_replication_slot('bench_recv', 'pgoutput')"], database)


def pg_recvlogical(source, database):
    """The server's own decoding limit: pgoutput of the same log into a file."""
    end = source.execute("SELECT pg_current_wal_insert_lsn()")[0][0]
    # The stream ends with the first message past `end`: give it one.
    source.execute("SELECT pg_logical_emit_message(true, 'bench', 'end')", database=database)
    return timed([source.bin("pg_recvlogical"), "-h", "127.0.0.1", "-p", source.port, "-U", MIRROR_USER, "-d", database, "--start",
                  "--slot", "bench_recv", "--no-loop", "--endpos", end, "-f", new_folder("recvlogical") / "out",
                  "-o", "proto_version=1", "-o", "publication_names=bench_recv"], PGPASSWORD=MIRROR_PASSWORD)


def psql_copy(source, database):
    return timed([source.bin("psql"), "-X", "-h", "127.0.0.1", "-p", source.port, "-U", MIRROR_USER, "-d", database, "-c",
                  r"\copy orders to '/dev/null' (format binary)"], PGPASSWORD=MIRROR_PASSWORD)

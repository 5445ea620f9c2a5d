# SPDX-License-Identifier: Apache-2.0
"""Load that nobody here wrote: pgbench (TPC-B) and sysbench (oltp_read_write) while the copy runs; then equality and memory."""
import os
import subprocess

import pytest

from tests.e2e.compare import sync_and_assert_equal
from tests.servers.mariadb import ADMIN_PASSWORD, ADMIN_USER
from tests.servers.postgres import MIRROR_PASSWORD, MIRROR_USER

LOAD_SECONDS = int(os.environ.get("LOAD_SECONDS", "60"))
MEMORY_BUDGET_BYTES = 512 << 20
FINISH_DEADLINE_S = LOAD_SECONDS + 60


def _finish(process, what):
    output, _ = process.communicate(timeout=FINISH_DEADLINE_S)
    assert process.returncode == 0, f"{what}: {output[-2000:]}"
    return output


def _start(command, **environment):
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=dict(os.environ, **environment))


@pytest.mark.slow
def test_pgbench_tpcb_while_copying(postgres, freshet, make_database):
    database = make_database(postgres)
    address = ["-h", "127.0.0.1", "-p", postgres.port, "-U", MIRROR_USER, database]
    _finish(_start([postgres.bin("pgbench"), "-i", "-q", "-s", "5", *address], PGPASSWORD=MIRROR_PASSWORD), "pgbench -i")
    postgres.execute("ALTER TABLE pgbench_history ADD COLUMN hid BIGSERIAL PRIMARY KEY", database=database)
    load = _start([postgres.bin("pgbench"), "-c", "4", "-j", "1", "-T", LOAD_SECONDS, "-n", *address], PGPASSWORD=MIRROR_PASSWORD)
    freshet.create_job("tpcb", postgres, database)
    _finish(load, "pgbench")
    sync_and_assert_equal(postgres, database, freshet, "tpcb")
    assert freshet.peak_memory_bytes() < MEMORY_BUDGET_BYTES * 5 // 4


@pytest.mark.slow
def test_sysbench_read_write_while_copying(mariadb, freshet, make_database):
    database = make_database(mariadb)
    options = ["oltp_read_write", "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={mariadb.port}",
               f"--mysql-user={ADMIN_USER}", f"--mysql-password={ADMIN_PASSWORD}", f"--mysql-db={database}", "--tables=4",
               "--table-size=50000", "--mysql-ignore-errors=1213,1205,1020,1062"]
    _finish(_start(["sysbench", *options, "prepare"]), "sysbench prepare")
    load = _start(["sysbench", *options, "--threads=2", f"--time={LOAD_SECONDS}", "--rand-seed=7", "run"])
    freshet.create_job("sysbench", mariadb, database)
    _finish(load, "sysbench")
    sync_and_assert_equal(mariadb, database, freshet, "sysbench")
    assert freshet.peak_memory_bytes() < MEMORY_BUDGET_BYTES * 5 // 4

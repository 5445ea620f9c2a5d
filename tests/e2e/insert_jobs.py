# SPDX-License-Identifier: Apache-2.0
"""Table-level jobs for tests: the statements, and the oracle: a target holds what its SELECT yields on the source itself."""
import contextlib

from tests.servers.freshet import quote
from tests.servers.mariadb import MIRROR_PASSWORD, MIRROR_USER
from tests.servers.process import wait_until


def stream(source, database, table, **arguments):
    """The cdc_stream(..) call for one table of a server."""
    values = {"user": MIRROR_USER, "password": MIRROR_PASSWORD, "database": database, "table": table}
    if hasattr(source, "major"):
        values |= {"type": "postgres", "jdbc_url": f"jdbc:postgresql://127.0.0.1:{source.port}/{database}", "schema": "public"}
    else:
        values |= {"type": "mysql", "jdbc_url": f"jdbc:mysql://127.0.0.1:{source.port}"}
    values |= arguments
    values = {key: value for key, value in values.items() if value is not None}
    return "cdc_stream(" + ", ".join(f"{quote(key)} = {quote(str(value))}" for key, value in values.items()) + ")"


def create_stream_job(freshet, name, insert, job=None):
    """`insert` is the INSERT with its cdc_stream call."""
    listed = ", ".join(f"{quote(key)} = {quote(value)}" for key, value in (job or {}).items())
    freshet.execute(f"CREATE JOB {name} " + (f"PROPERTIES ({listed}) " if listed else "") + f"ON STREAMING DO {insert}")


def texts(rows):
    return sorted((tuple(None if value is None else str(value) for value in row) for row in rows), key=repr)


def assert_target(source, database, select, freshet, target):
    """`target`: a SELECT over the target table that gives the columns of `select`, which runs on the source."""
    assert texts(freshet.execute(target)) == texts(source.execute(select, database=database))


def sync_and_assert_target(source, database, select, freshet, target, job):
    freshet.sync(job)
    assert_target(source, database, select, freshet, target)


def ledger(freshet, job):
    rows = freshet.rows(f'SELECT * FROM ledger("jobName"="{job}")')
    for row in rows:
        for key in ("TaskId", "RowsRead", "RowsLoaded", "RowsFiltered", "RowsRejected"):
            row[key] = int(row[key])
    return sorted(rows, key=lambda row: row["TaskId"])


def assert_ledger_whole(freshet, job):
    """Every row read is accounted for, and the windows follow on each other without a gap or an overlap."""
    rows = ledger(freshet, job)
    for row in rows:
        assert row["RowsRead"] == row["RowsLoaded"] + row["RowsFiltered"] + row["RowsRejected"], row
    for before, after in zip(rows, rows[1:]):
        assert after["WindowFrom"] == before["WindowTo"], (before, after)
    return rows


def wait_paused(freshet, job, reason, deadline_s=60):
    """Until the job is PAUSED with an error that holds `reason`; the error."""
    def reached():
        found = freshet.job(job)
        if found["Status"] == "PAUSED" and reason in found["ErrorMsg"]:
            return found["ErrorMsg"]
        raise AssertionError(f"job {job} is {found['Status']}: {found['ErrorMsg']}")

    return wait_until(reached, deadline_s, f"job {job} paused with {reason!r}", poll_s=0.1)


def transaction(source, database, statements):
    with contextlib.closing(source.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("COMMIT")

# SPDX-License-Identifier: Apache-2.0
"""`./dev mirror`: two throwaway databases with live writers, one freshet that mirrors both, queries whose answers change.

Without options it stays up until Ctrl-C. With --exit it stops the writers, proves that every table equals its source (by
freshet's own VERIFY JOB and by an independent comparison) and ends with status 0 or 1.
"""
import argparse
import contextlib
import signal
import socket
import sys
import threading
import time

from deploy.demo.progress import Progress, print_table
from deploy.demo.shop import LiveWriter, create_billing, create_shop
from tests.e2e import compare
from tests.servers.freshet import Freshet
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres

COPY_DEADLINE_S = 120
ROUND_PAUSE_S = 2.0
ROUNDS_BEFORE_EXIT = 3
SYNC_TIMEOUT_S = 60

QUERIES = [
    ("Orders by status (MariaDB)",
     "SELECT status, count(*) AS orders, sum(total) AS total FROM shop.orders GROUP BY status ORDER BY status"),
    ("Payments by method (Postgres)",
     "SELECT method, count(*) AS payments, sum(amount) AS amount FROM billing.payments GROUP BY method ORDER BY method"),
    ("Paid per city: a join of both databases, which neither source could run",
     "SELECT c.city, count(DISTINCT o.id) AS orders, sum(p.amount) AS paid FROM shop.customers c "
     "JOIN shop.orders o ON o.customer_id = c.id JOIN billing.invoices i ON i.order_id = o.id "
     "JOIN billing.payments p ON p.invoice_id = i.id GROUP BY c.city ORDER BY paid DESC LIMIT 5"),
]


def port_or_any(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return str(port)
        except OSError:
            return "0"


def wait_for_copies(freshet, jobs):
    progress, end, pause = Progress(), time.monotonic() + COPY_DEADLINE_S, threading.Event()
    while True:
        tables = {job: list(freshet.tables(job).values()) for job in jobs}
        progress.draw(tables)
        states = [row["state"] for rows in tables.values() for row in rows]
        if states and all(state == "READY" for state in states):
            return
        for job in jobs:
            found = freshet.job(job)
            if found["Status"] == "PAUSED" or "STOPPED" in states:
                raise RuntimeError(f"job {job} is {found['Status']}: {found['ErrorMsg']}")
        if time.monotonic() > end:
            raise RuntimeError(f"the copy did not end within {COPY_DEADLINE_S} s")
        pause.wait(0.5)


def run_queries(freshet, connection):
    for title, sql in QUERIES:
        with connection.cursor() as cursor:
            started = time.monotonic()
            cursor.execute(sql)
            rows = cursor.fetchall()
            elapsed_ms = (time.monotonic() - started) * 1000
            print(f"\n{title} ({elapsed_ms:.0f} ms)")
            print_table([column[0] for column in cursor.description], rows)


def prove(freshet, sources):
    """SYNC JOB, VERIFY JOB and an independent comparison per table; True when all say equal."""
    results = []
    for job, source in sources.items():
        freshet.sync(job, SYNC_TIMEOUT_S)
        verdicts = [{key.lower(): value for key, value in row.items()}
                    for row in freshet.rows(f"VERIFY JOB WHERE jobName = '{job}' TIMEOUT {SYNC_TIMEOUT_S}")]
        own = {str(next(iter(row.values()))).split(".")[-1]: str(row["equal"]).lower() in ("1", "true", "yes") for row in verdicts}
        for table in compare.table_names(source, job):
            theirs, ours, differences = compare.compare_table(source, job, freshet, job, table)
            for line in differences:
                print(line, file=sys.stderr)
            results.append((f"{job}.{table}", theirs.count, ours.count, theirs.digest, ours.digest,
                            "equal" if own.get(table) else "DIFFERENT", "equal" if not differences else "DIFFERENT"))
    print()
    print_table(["table", "source rows", "mirror rows", "source hash", "mirror hash", "VERIFY JOB", "compared"], results)
    return all(row[-1] == row[-2] == "equal" for row in results)


def mirror(arguments, cleanup):
    print("starting a throwaway MariaDB and a throwaway Postgres ...")
    mariadb, postgres = MariaDb(), Postgres()
    cleanup.callback(mariadb.remove)
    cleanup.callback(postgres.remove)
    mariadb.start()
    postgres.start()
    create_shop(mariadb)
    create_billing(postgres)
    writers = [LiveWriter(mariadb, "shop", 1), LiveWriter(postgres, "billing", 2)]
    cleanup.callback(lambda: [writer.stop_asked.set() for writer in writers])
    for writer in writers:
        writer.start()

    freshet = Freshet()
    cleanup.callback(freshet.remove)
    freshet.start(ports=(port_or_any(9030), port_or_any(8030)))
    sources = {"shop": mariadb, "billing": postgres}
    for job, source in sources.items():
        freshet.create_job(job, source, job)
    print(f"freshet mirrors shop (MariaDB, port {mariadb.port}) and billing (Postgres, port {postgres.port}) while both are "
          "being written to:\n")
    wait_for_copies(freshet, sources)
    print(f"\nQuery it yourself: mariadb -h 127.0.0.1 -P {freshet.mysql_port} -u root"
          f"      metrics: http://127.0.0.1:{freshet.http_port}/metrics")

    rounds, pause = 0, threading.Event()
    with freshet.connect() as connection:
        while not arguments.exit or rounds < ROUNDS_BEFORE_EXIT:
            rounds += 1
            run_queries(freshet, connection)
            print(f"\n-- {writers[0].transactions:,} transactions in shop and {writers[1].transactions:,} in billing so far"
                  + ("" if arguments.exit else "; Ctrl-C ends"))
            pause.wait(ROUND_PAUSE_S)
    for writer in writers:
        writer.stop()
    print("\nwriters stopped; comparing every table with its source ...")
    equal = prove(freshet, sources)
    status = freshet.stop()
    print("source == mirror" if equal else "source and mirror DIFFER")
    return 0 if equal and status == 0 else 1


def main():
    parser = argparse.ArgumentParser(prog="./dev mirror", description=__doc__.split("\n")[0])
    parser.add_argument("--exit", action="store_true", help="stop the writers, prove source == mirror, end with 0 or 1")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    with contextlib.ExitStack() as cleanup:
        try:
            return mirror(arguments, cleanup)
        except KeyboardInterrupt:
            print("\nstopping")
            return 0 if not arguments.exit else 130
        except (RuntimeError, OSError) as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())

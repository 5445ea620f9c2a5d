# SPDX-License-Identifier: Apache-2.0
"""`./dev bench`: freshet beside public tools, on one machine in one go.

Log catch-up: `orders` is written while everybody is stopped; then each reader in turn is started and timed until it holds the
final rows. Copy: the table that is then there. Latency: single-row commits at a fixed rate, until a query sees them. Sources and
rivals run without fsync, freshet with its own: the comparison leans against freshet. Every mirror is compared with its source.
"""
import argparse
import os
import platform
import sys

from bench import freshet_runs, rivals, workload
from deploy.demo.progress import print_table
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres

ROWS, QUICK_ROWS = 1_000_000, 50_000
RATE_PER_S = 1000
LATENCY_SECONDS, QUICK_LATENCY_SECONDS = 15, 3
MEMORY_BUDGET_BYTES = 512 << 20
COPY_RATIO_MAX = 3.0
LATENCY_P99_MS_MAX = 100.0

# Checkpoints and autovacuum come a minute after the load, into whichever reader happens to run then: neither here.
POSTGRES_OPTIONS = {"max_wal_size": "8GB", "shared_buffers": "512MB", "checkpoint_timeout": "1h", "autovacuum": "off"}
NO_FLUSH = {"innodb-flush-log-at-trx-commit": "0", "sync-binlog": "0", "innodb-buffer-pool-size": "512M"}


def say(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def settle():
    """What one reader wrote is on disk before the next one is timed: the kernel's writing back would run into its fsyncs."""
    os.sync()


class Report:
    def __init__(self):
        self.rows, self.checks = [], []

    def time(self, what, who, seconds, changes, memory=None):
        self.rows.append((what, who, f"{seconds:.2f}", f"{changes / seconds:,.0f}", f"{memory >> 20} MiB" if memory else ""))

    def check(self, what, passed, text):
        self.checks.append((what, text, "yes" if passed else "NO"))

    def print(self):
        print()
        print_table(["measurement", "who", "seconds", "rows/s", "peak RSS"], self.rows)
        print()
        print_table(["target", "measured", "reached"], self.checks)

    def reached(self):
        return all(check[-1] == "yes" for check in self.checks)


def bench_mysql(report, rows, latency_seconds):
    source = MariaDb(NO_FLUSH).start()
    source.script(["CREATE DATABASE bench"])
    source.script([workload.MYSQL_TABLE], "bench")
    freshet = freshet_runs.prepare(source, "bench")
    replica = rivals.MariaDbReplica(source)
    replica.server.script(["CREATE DATABASE bench"])
    replica.server.script([workload.MYSQL_TABLE], "bench")
    say(f"MariaDB: writing {rows:,} rows")
    workload.run(source, "bench", rows)
    settle()
    say("MariaDB: replica catches up")
    theirs = replica.catch_up()
    replica.remove()
    settle()
    say("MariaDB: freshet catches up")
    ours, memory = freshet_runs.catch_up(freshet, source, "bench")
    changes, left = workload.changes(rows), rows - rows // 20
    report.time("MariaDB log catch-up", "freshet", ours, changes, memory)
    report.time("MariaDB log catch-up", f"replica, {rivals.REPLICA_WORKERS} optimistic workers", theirs, changes)
    report.check("MariaDB log: faster than the replica", ours < theirs, f"{theirs / ours:.2f} times as fast")
    say("MariaDB: copies")
    dump = rivals.mariadb_dump(source, "bench")
    ours, copy_memory = freshet_runs.copy(source, "bench")
    report.time("MariaDB copy", "freshet", ours, left, copy_memory)
    report.time("MariaDB copy", "mariadb-dump > /dev/null", dump, left)
    say("MariaDB: latency")
    bench_latency(report, "MariaDB", source, latency_seconds)
    source.remove()
    return max(memory, copy_memory)


def bench_postgres(report, rows, latency_seconds):
    source = Postgres(options=POSTGRES_OPTIONS).start()
    source.create_database("bench")
    source.script([workload.POSTGRES_TABLE], "bench")
    freshet = freshet_runs.prepare(source, "bench")
    subscription = rivals.Subscription(source, "bench", workload.POSTGRES_TABLE)
    rivals.create_recvlogical_slot(source, "bench")
    say(f"Postgres: writing {rows:,} rows")
    workload.run(source, "bench", rows)
    changes, left = workload.changes(rows), rows - rows // 20
    settle()
    say("Postgres: native subscription catches up")
    theirs = subscription.catch_up(left)
    subscription.remove()
    settle()
    say("Postgres: pg_recvlogical")
    decoding = rivals.pg_recvlogical(source, "bench")
    settle()
    say("Postgres: freshet catches up")
    ours, memory = freshet_runs.catch_up(freshet, source, "bench")
    report.time("Postgres log catch-up", "freshet", ours, changes, memory)
    report.time("Postgres log catch-up", "native subscription (binary, streaming)", theirs, changes)
    report.time("Postgres log catch-up", "pg_recvlogical to a file", decoding, changes)
    report.check("Postgres log: faster than the native subscription", ours < theirs, f"{theirs / ours:.2f} times as fast")
    say("Postgres: copies")
    binary_copy = rivals.psql_copy(source, "bench")
    ours, copy_memory = freshet_runs.copy(source, "bench")
    report.time("Postgres copy", "freshet", ours, left, copy_memory)
    report.time("Postgres copy", r"\copy (binary) to /dev/null", binary_copy, left)
    report.check(rf"Postgres copy: at most {COPY_RATIO_MAX:.0f} times \copy", ours <= COPY_RATIO_MAX * binary_copy,
                 f"{ours / binary_copy:.2f} times its duration")
    say("Postgres: latency")
    bench_latency(report, "Postgres", source, latency_seconds)
    source.remove()
    return max(memory, copy_memory)


def bench_latency(report, name, source, seconds):
    delays, rate = freshet_runs.latency(source, "bench", RATE_PER_S, seconds)
    p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    report.check(f"{name}: commit to visible, p99 under {LATENCY_P99_MS_MAX:.0f} ms", p99 < LATENCY_P99_MS_MAX,
                 f"p50 {p50:.1f} ms, p99 {p99:.1f} ms at {rate:,.0f} transactions/s")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows instead of {ROWS:,}: does it run, not how fast")
    parser.add_argument("--rows", type=int, help="inserted rows")
    parser.add_argument("--only", choices=["mysql", "postgres"], help="one source only")
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a target is missed")
    arguments = parser.parse_args()
    rows = arguments.rows or (QUICK_ROWS if arguments.quick else ROWS)
    seconds = QUICK_LATENCY_SECONDS if arguments.quick else LATENCY_SECONDS
    print(f"{rows:,} rows, {os.cpu_count()} cores, {platform.platform()}")
    report, memory = Report(), 0
    if arguments.only != "postgres":
        memory = max(memory, bench_mysql(report, rows, seconds))
    if arguments.only != "mysql":
        memory = max(memory, bench_postgres(report, rows, seconds))
    report.check("peak RSS under the memory budget and a quarter", memory < MEMORY_BUDGET_BYTES * 5 // 4,
                 f"{memory >> 20} MiB of {MEMORY_BUDGET_BYTES >> 20} MiB")
    report.print()
    return 1 if arguments.check and not report.reached() else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Live writers: threads that change a source with seeded random inserts, updates, deletes and key changes until stopped."""
import contextlib
import random
import threading

import pymysql

KEYS = 5000
WRITER_NAME = "freshet-test-writer"  # application_name of the writers' Postgres connections
DEADLOCK_ERRORS = (1205, 1213)
JOIN_DEADLINE_S = 30

TABLE = "CREATE TABLE {name} (id BIGINT PRIMARY KEY, amount DECIMAL(12,2), note VARCHAR(200), touched INT NOT NULL)"


def create_tables(source, database, names, rows=0):
    """Tables of the writers' shape, `rows` rows each, ids below KEYS * 2 first."""
    for name in names:
        source.script([TABLE.format(name=name)], database)
        if rows == 0:
            continue
        if hasattr(source, "major"):
            fill = (f"INSERT INTO {name} SELECT i, i * 1.25, 'row ' || i, 0 FROM generate_series(1, {rows}) AS i")
        else:
            fill = (f"INSERT INTO {name} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
                    f"SELECT i, i * 1.25, CONCAT('row ', i), 0 FROM n")
            source.script(["SET GLOBAL max_recursive_iterations = 100000000"] if source.kind == "mariadb" else
                          ["SET GLOBAL cte_max_recursion_depth = 100000000"])
        source.script([fill], database)


class Writer(threading.Thread):
    """One connection writing transactions of 1 to 10 statements over `tables`."""

    def __init__(self, source, database, tables, seed):
        super().__init__(name=f"writer-{seed}", daemon=True)
        self.source, self.database, self.tables = source, database, list(tables)
        self.seed = seed
        self.random = random.Random(seed)
        self.stop_asked = threading.Event()
        self.transactions = 0
        self.error = None

    def run(self):
        try:
            connection = self.source.connect(self.database)
            with contextlib.closing(connection), connection.cursor() as cursor:
                if hasattr(self.source, "major"):
                    cursor.execute(f"SET application_name = '{WRITER_NAME}'")
                while not self.stop_asked.is_set():
                    try:
                        self._transaction(cursor)
                        self.transactions += 1
                    except pymysql.err.OperationalError as error:
                        # InnoDB's gap locks make even disjoint keys deadlock; the server has rolled back.
                        if error.args[0] not in DEADLOCK_ERRORS:
                            raise
                        cursor.execute("ROLLBACK")
        except Exception as error:  # shown by stop()
            self.error = error

    def _transaction(self, cursor):
        cursor.execute("BEGIN")
        for _ in range(self.random.randint(1, 10)):
            cursor.execute(*self._statement())
        cursor.execute("ROLLBACK" if self.random.random() < 0.05 else "COMMIT")

    def _statement(self):
        table = self.random.choice(self.tables)
        # Writers own disjoint keys, so that they never wait for or deadlock with each other.
        key = self.random.randrange(KEYS) * 16 + self.seed % 16
        kind = self.random.random()
        if kind < 0.45:
            upsert = ("ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, touched = excluded.touched"
                      if hasattr(self.source, "major") else
                      "ON DUPLICATE KEY UPDATE amount = VALUES(amount), touched = VALUES(touched)")
            return (f"INSERT INTO {table} VALUES (%s, %s, %s, %s) {upsert}",
                    (key, self.random.randrange(10**9) / 100, None if kind < 0.05 else f"note {kind}", self.transactions))
        if kind < 0.8:
            return (f"UPDATE {table} SET touched = %s, note = %s WHERE id = %s", (self.transactions, f"n{kind}", key))
        if kind < 0.85:
            moved = key + KEYS * 16
            return f"UPDATE {table} SET id = %s WHERE id = %s AND id < %s", (moved, key, self._unless_taken(table, moved, key))
        return f"DELETE FROM {table} WHERE id IN (%s, %s)", (key, key + KEYS * 16)

    def _unless_taken(self, table, moved, key):
        """0 when a row with the key `moved` exists (nothing is moved then), else a bound above every key."""
        self.moved = getattr(self, "moved", {})
        taken = self.moved.setdefault(table, set())
        if moved in taken:
            return 0
        taken.add(moved)
        return 10**9

    def stop(self):
        self.stop_asked.set()
        self.join(JOIN_DEADLINE_S)
        if self.error:
            raise self.error
        assert not self.is_alive(), f"{self.name} does not end"


@contextlib.contextmanager
def writing(source, database, tables, count=2, seed=1):
    writers = [Writer(source, database, tables, seed + number) for number in range(count)]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.stop()

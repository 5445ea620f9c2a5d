# SPDX-License-Identifier: Apache-2.0
"""The measured workload: `orders` filled in 1,000-row transactions, then one UPDATE of a quarter and one DELETE of a twentieth."""
ROWS_PER_TRANSACTION = 1000

MYSQL_TABLE = ("CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id INT NOT NULL, status VARCHAR(12) NOT NULL, "
               "amount DECIMAL(12,2) NOT NULL, placed DATETIME NOT NULL, note VARCHAR(100))")
POSTGRES_TABLE = ("CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id INT NOT NULL, status VARCHAR(12) NOT NULL, "
                  "amount NUMERIC(12,2) NOT NULL, placed TIMESTAMP NOT NULL, note VARCHAR(100))")

_MYSQL_INSERT = ("INSERT INTO orders SELECT seq, seq % 50000, ELT(1 + seq % 3, 'open', 'paid', 'shipped'), (seq * 37 % 1000000) / 100, "
                 "'2024-01-01' + INTERVAL seq % 30000000 SECOND, CONCAT('order note ', seq) FROM seq_{first}_to_{last}")
_POSTGRES_INSERT = ("INSERT INTO orders SELECT i, i % 50000, (ARRAY['open','paid','shipped'])[1 + i % 3], (i * 37 % 1000000) / 100.0, "
                    "timestamp '2024-01-01' + (i % 30000000) * interval '1 second', 'order note ' || i "
                    "FROM generate_series({first}, {last}) i")


def statements(is_postgres, rows):
    """Each one transaction."""
    insert = _POSTGRES_INSERT if is_postgres else _MYSQL_INSERT
    for first in range(1, rows + 1, ROWS_PER_TRANSACTION):
        yield insert.format(first=first, last=min(first + ROWS_PER_TRANSACTION - 1, rows))
    yield "UPDATE orders SET status = 'archived', amount = amount + 1 WHERE id % 4 = 0"
    yield "DELETE FROM orders WHERE id % 20 = 1"


def changes(rows):
    """Row changes in the log."""
    return rows + rows // 4 + rows // 20


def run(source, database, rows):
    source.script(statements(hasattr(source, "major"), rows), database)

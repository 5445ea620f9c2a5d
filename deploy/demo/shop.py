# SPDX-License-Identifier: Apache-2.0
"""The demo's two source databases and what happens in them: a MariaDB shop and a Postgres billing system.

They belong together only by meaning: billing.invoices.order_id is shop.orders.id. No source can join them; the mirror can.
"""
import contextlib
import random
import threading

CUSTOMERS, PRODUCTS, ORDERS = 2_000, 500, 20_000
WRITER_PAUSE_S = 0.02
CITIES = ["Vienna", "Lisbon", "Oslo", "Ghent", "Turin", "Lyon", "Krakow", "Malmo"]

SHOP_TABLES = [
    "CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(60) NOT NULL, city VARCHAR(30), "
    "since DATE NOT NULL, newsletter BOOL NOT NULL DEFAULT 0)",
    "CREATE TABLE products (id INT PRIMARY KEY AUTO_INCREMENT, title VARCHAR(80) NOT NULL, price DECIMAL(10,2) NOT NULL, "
    "stock INT NOT NULL, tags SET('new','sale','bulky') NOT NULL DEFAULT '')",
    "CREATE TABLE orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer_id INT NOT NULL, "
    "status ENUM('open','paid','shipped','cancelled') NOT NULL DEFAULT 'open', total DECIMAL(12,2) NOT NULL, "
    "placed TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3))",
    "CREATE TABLE order_items (order_id BIGINT NOT NULL, line INT NOT NULL, product_id INT NOT NULL, quantity INT NOT NULL, "
    "PRIMARY KEY (order_id, line))",
]
BILLING_TABLES = [
    "CREATE TABLE invoices (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id BIGINT NOT NULL, amount NUMERIC(12,2) NOT NULL, "
    "due DATE NOT NULL, notes TEXT, sent_at TIMESTAMPTZ NOT NULL DEFAULT now())",
    "CREATE TABLE payments (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), invoice_id BIGINT NOT NULL, amount NUMERIC(12,2) NOT NULL, "
    "method TEXT NOT NULL, details JSONB, paid_at TIMESTAMPTZ NOT NULL DEFAULT now())",
]


def create_shop(mariadb):
    dice = random.Random(1)
    mariadb.script(["CREATE DATABASE shop"])
    mariadb.script(SHOP_TABLES, "shop")
    with mariadb.connect("shop") as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.executemany("INSERT INTO customers (name, city, since) VALUES (%s, %s, %s)", [
            (f"Customer {number}", dice.choice(CITIES), f"20{dice.randint(10, 24)}-0{dice.randint(1, 9)}-1{dice.randint(0, 9)}")
            for number in range(CUSTOMERS)])
        cursor.executemany("INSERT INTO products (title, price, stock) VALUES (%s, %s, %s)", [
            (f"Product {number}", dice.randint(100, 20_000) / 100, dice.randint(0, 500)) for number in range(PRODUCTS)])
        cursor.executemany("INSERT INTO orders (customer_id, total, status) VALUES (%s, %s, %s)", [
            (dice.randint(1, CUSTOMERS), dice.randint(500, 90_000) / 100, dice.choice(["open", "paid", "shipped"]))
            for _ in range(ORDERS)])
        cursor.executemany("INSERT INTO order_items VALUES (%s, %s, %s, %s)", [
            (order, line, dice.randint(1, PRODUCTS), dice.randint(1, 5))
            for order in range(1, ORDERS + 1) for line in range(1, dice.randint(2, 4))])
        cursor.execute("COMMIT")


def create_billing(postgres):
    postgres.create_database("billing")
    postgres.script([
        *BILLING_TABLES,
        f"INSERT INTO invoices (order_id, amount, due, notes) SELECT i, (i * 37 % 90000) / 100.0 + 5, current_date + (i % 30)::int, "
        f"CASE WHEN i % 7 = 0 THEN repeat('long note ', 400) END FROM generate_series(1, {ORDERS}) i",
        "INSERT INTO payments (invoice_id, amount, method, details) SELECT id, amount, 'card', jsonb_build_object('attempt', 1) "
        "FROM invoices WHERE id % 2 = 0",
    ], "billing")


class LiveWriter(threading.Thread):
    """Business on one source until stopped: a few small transactions per pause."""

    def __init__(self, source, database, seed):
        super().__init__(name=f"{database}-writer", daemon=True)
        self.source, self.database = source, database
        self.dice = random.Random(seed)
        self.stop_asked = threading.Event()
        self.transactions = 0
        self.error = None

    def run(self):
        try:
            with contextlib.closing(self.source.connect(self.database)) as connection, connection.cursor() as cursor:
                while not self.stop_asked.wait(WRITER_PAUSE_S):
                    cursor.execute("BEGIN")
                    (self._shop if self.database == "shop" else self._billing)(cursor)
                    cursor.execute("COMMIT")
                    self.transactions += 1
        except Exception as error:  # shown by stop()
            self.error = error

    def stop(self):
        self.stop_asked.set()
        self.join(30)
        if self.error:
            raise RuntimeError(f"the writer on {self.database} failed: {self.error}")

    def _shop(self, cursor):
        kind = self.dice.random()
        if kind < 0.5:
            cursor.execute("INSERT INTO orders (customer_id, total) VALUES (%s, %s)",
                           (self.dice.randint(1, CUSTOMERS), self.dice.randint(500, 90_000) / 100))
            order = cursor.lastrowid
            for line in range(1, self.dice.randint(2, 5)):
                product = self.dice.randint(1, PRODUCTS)
                cursor.execute("INSERT INTO order_items VALUES (%s, %s, %s, %s)", (order, line, product, 1))
                cursor.execute("UPDATE products SET stock = stock - 1 WHERE id = %s", (product,))
        elif kind < 0.85:
            cursor.execute("UPDATE orders SET status = %s WHERE id = %s",
                           (self.dice.choice(["paid", "shipped", "cancelled"]), self.dice.randint(1, ORDERS)))
        elif kind < 0.95:
            cursor.execute("UPDATE customers SET city = %s, newsletter = NOT newsletter WHERE id = %s",
                           (self.dice.choice(CITIES), self.dice.randint(1, CUSTOMERS)))
        else:
            order = self.dice.randint(1, ORDERS)
            cursor.execute("DELETE FROM order_items WHERE order_id = %s", (order,))
            cursor.execute("DELETE FROM orders WHERE id = %s", (order,))

    def _billing(self, cursor):
        invoice = self.dice.randint(1, ORDERS)
        kind = self.dice.random()
        if kind < 0.6:
            cursor.execute("INSERT INTO payments (invoice_id, amount, method, details) VALUES (%s, %s, %s, %s)",
                           (invoice, self.dice.randint(500, 90_000) / 100, self.dice.choice(["card", "transfer", "cash"]),
                            '{"attempt": %d}' % self.dice.randint(1, 3)))
        elif kind < 0.9:
            cursor.execute("UPDATE invoices SET due = due + 1 WHERE id = %s", (invoice,))
        else:
            cursor.execute("DELETE FROM payments WHERE invoice_id = %s", (invoice,))

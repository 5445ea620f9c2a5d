-- Owned by the mirror user: publishing a table needs its ownership.
CREATE TABLE invoices (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id BIGINT NOT NULL, amount NUMERIC(12,2) NOT NULL);
INSERT INTO invoices (order_id, amount) VALUES (1, 10.50), (2, 99.90);

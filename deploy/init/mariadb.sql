-- What a mirror needs, and nothing more.
GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'mirror'@'%';
CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer VARCHAR(60) NOT NULL, total DECIMAL(12,2) NOT NULL);
INSERT INTO shop.orders (customer, total) VALUES ('Ada', 10.50), ('Grace', 99.90);

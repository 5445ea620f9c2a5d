-- Both databases of compose.yaml, mirrored.
CREATE DATABASE IF NOT EXISTS shop;
CREATE JOB shop ON STREAMING
FROM MYSQL ('jdbc_url' = 'jdbc:mysql://mariadb:3306', 'user' = 'mirror', 'password' = 'change-me', 'database' = 'shop')
TO DATABASE shop;
CREATE DATABASE IF NOT EXISTS billing;
CREATE JOB billing ON STREAMING
FROM POSTGRES ('jdbc_url' = 'jdbc:postgresql://postgres:5432/billing', 'user' = 'mirror', 'password' = 'change-me',
               'database' = 'billing', 'schema' = 'public')
TO DATABASE billing;

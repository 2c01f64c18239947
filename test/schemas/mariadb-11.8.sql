-- What MariaDB has since 11.x, in the database shop.
USE shop;
CREATE TABLE embedded (id UUID DEFAULT UUID_v7() PRIMARY KEY, e VECTOR(4) NOT NULL, VECTOR KEY near (e) M = 8 DISTANCE = cosine);
INSERT INTO embedded (e) VALUES (VEC_FromText('[0.1, -2, 3e-5, 4]')), (VEC_FromText('[0, 0, 0, 1]'));
CREATE TABLE late (t TIMESTAMP NULL, a VARCHAR(9) COLLATE utf8mb4_uca1400_as_cs, KEY backwards (t DESC));
INSERT INTO late VALUES ('2106-02-07 06:28:15', 'é'), (NULL, '');
CREATE TABLE moved (id INT PRIMARY KEY, j JSON CHECK (JSON_SCHEMA_VALID('{"type": "object"}', j)));
INSERT INTO moved VALUES (1, '{"a": 1.50}');

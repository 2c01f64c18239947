-- What PostgreSQL has since 18, in the database shop.
\connect shop
CREATE EXTENSION btree_gist SCHEMA public;
CREATE TABLE shop.rooms (id uuid DEFAULT uuidv7() PRIMARY KEY, room int CONSTRAINT "has a room" NOT NULL,
  during tstzrange NOT NULL, hours numeric GENERATED ALWAYS AS (extract(epoch FROM upper(during) - lower(during)) / 3600) VIRTUAL,
  CONSTRAINT once UNIQUE (room, during WITHOUT OVERLAPS));
INSERT INTO shop.rooms (room, during) VALUES (1, '[2024-01-01 00:00+00,2024-01-01 05:30+00)'), (2, '[2024-01-01 00:00+00,2024-01-02 00:00+00)');
CREATE TABLE shop.stays (guest int, room int, during tstzrange, PRIMARY KEY (guest, during WITHOUT OVERLAPS),
  CONSTRAINT stayed FOREIGN KEY (room, PERIOD during) REFERENCES shop.rooms (room, PERIOD during));
INSERT INTO shop.stays VALUES (7, 1, '[2024-01-01 01:00+00,2024-01-01 02:00+00)');
ALTER TABLE shop.stays ADD CONSTRAINT unenforced CHECK (guest < 5) NOT ENFORCED;
INSERT INTO shop.stays VALUES (9, 2, '[2024-01-01 01:00+00,2024-01-01 02:00+00)');
CREATE TABLE shop.loose (a int, b int);
INSERT INTO shop.loose VALUES (NULL, 1);
ALTER TABLE shop.loose ADD CONSTRAINT "from now on" NOT NULL a NOT VALID;
CREATE TABLE shop.targets (a int PRIMARY KEY);
ALTER TABLE shop.loose ADD CONSTRAINT trusting FOREIGN KEY (b) REFERENCES shop.targets (a) NOT ENFORCED;

import { Emulator } from '../emulator/emulator';
import type { MariadbServer } from '../servers/mariadb';
import type { MysqlServer } from '../servers/mysql';
import { startServer } from '../servers/start';
import { casesOn, describeOn, engineOf } from '../servers/versions';
import { serverJob } from '../support/job';
import { Reader } from '../support/reader';

jest.setTimeout(180_000);

/** The text of a definition that plain clients change: comments of all kinds, and line ends of Windows. */
const BODY =
  'BEGIN\r\n  -- why: keep this line\r\n  # and this\n  /* and this */\n  SET @a = 1; /*! SET @b = 2 */;\nEND';
/** Lines that a client takes for commands of its own, or for the end of a statement. */
const COMMANDS = "BEGIN\n  /*\n\\! false\nquit\ndelimiter $$\n*/\n  -- a ;; b\n  SET @a = 'c ;; d';\n  -- \\q\nEND";
const WIDE = Array.from({ length: 150 }, (_, index) => `c${index} VARCHAR(60)`).join(', ');

const SCHEMA = `
CREATE USER backup@'%' IDENTIFIED BY 'secret'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON *.* TO backup@'%';
CREATE DATABASE shop; USE shop;
CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'line\r\nline\r\n'), (2, '\\0/* no comment */-- nor this');
DELIMITER //
CREATE PROCEDURE p() ${BODY}//
CREATE FUNCTION f() RETURNS INT DETERMINISTIC ${BODY.replace('END', 'RETURN 1; END')}//
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW ${BODY}//
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO ${BODY}//
CREATE PROCEDURE commands() ${COMMANDS}//
CREATE TRIGGER commands BEFORE DELETE ON t FOR EACH ROW ${COMMANDS}//
DELIMITER ;
CREATE EVENT recurring ON SCHEDULE EVERY 1 DAY STARTS NOW() ENDS NOW() + INTERVAL 2 SECOND DO SET @a = 1;
CREATE EVENT later ON SCHEDULE AT NOW() + INTERVAL 2 SECOND DO SET @a = 1;
CREATE EVENT kept ON SCHEDULE AT NOW() + INTERVAL 2 SECOND ON COMPLETION PRESERVE DO SET @a = 1;
CREATE TABLE zz (a INT); INSERT INTO zz VALUES (7);
`;
const MARIADB = `USE shop; SET SESSION innodb_strict_mode = OFF;
CREATE TABLE wide (id INT PRIMARY KEY, ${WIDE}) CHARACTER SET latin1 ROW_FORMAT=DYNAMIC; INSERT INTO wide (id, c0) VALUES (1, 'x');
CREATE TABLE also_wide (id INT PRIMARY KEY, ${WIDE}) CHARACTER SET latin1 ROW_FORMAT=COMPACT;
CREATE VIEW v AS SELECT id, c0 FROM wide;`;

describe('restoring MySQL and MariaDB by the documented commands', () => {
  let emulator: Emulator;
  beforeAll(async () => void (emulator = await Emulator.start()));
  afterAll(() => emulator?.stop());

  describeOn(casesOn('mysql', 'mariadb'), 'on %s', (version) => {
    type Started = MysqlServer | MariadbServer;
    let source: Started;
    let target: Started;
    let reader: Reader;
    const isMariadb = engineOf(version) === 'mariadb';

    beforeAll(async () => {
      [source, target] = (await Promise.all([startServer(version), startServer(version)])) as [Started, Started];
      await source.exec(SCHEMA + (isMariadb ? MARIADB : ''));
      const { bucket } = await Reader.backUp(emulator, version.replace('.', '-'), (place) => serverJob(source, place), {
        ...{ username: 'backup', password: 'secret', image: version },
      });
      reader = new Reader(emulator, bucket, target);
      await reader.fetch();
      // Until the time of the events is over.
      await source.exec('DO SLEEP(3)');
      expect(await reader.restore()).toBe('');
    });
    afterAll(async () => {
      await Promise.all([source?.stop(), target?.stop()]);
      reader?.leave();
    });

    async function expectSame(sql: string): Promise<string> {
      const [before, after] = await Promise.all([source.exec(sql), target.exec(sql)]);
      expect(after).toBe(before);
      return before;
    }
    const definition = (table: string, column: string, key: string, names: string): string =>
      `SELECT ${key}, HEX(${column}) FROM information_schema.${table} WHERE ${key} IN (${names}) ORDER BY 1`;

    test('M04 comments and line ends of Windows in procedures and functions come back', async () => {
      const sql = definition('ROUTINES', 'ROUTINE_DEFINITION', 'ROUTINE_NAME', "'p', 'f'");
      expect(await expectSame(sql)).toContain(Buffer.from('/* and this */').toString('hex').toUpperCase());
    });
    test('Rx01 comments and line ends of Windows in triggers come back', () =>
      expectSame(definition('TRIGGERS', 'ACTION_STATEMENT', 'TRIGGER_NAME', "'tr'")));
    test('Rx02 comments and line ends of Windows in events come back', () =>
      expectSame(definition('EVENTS', 'EVENT_DEFINITION', 'EVENT_NAME', "'ev'")));
    test('Rx03 lines that the client would take for commands come back in procedures', () =>
      expectSame(definition('ROUTINES', 'ROUTINE_DEFINITION', 'ROUTINE_NAME', "'commands'")));
    test('Rx04 lines that the client would take for commands come back in triggers', () =>
      expectSame(definition('TRIGGERS', 'ACTION_STATEMENT', 'TRIGGER_NAME', "'commands'")));
    test('Rx05 line ends, null bytes and comments in rows come back', () => expectSame('SELECT a, HEX(b) FROM shop.t'));

    test('M19 an event whose time is over is gone, as the page says', async () => {
      const names = (server: Started) =>
        server.exec("SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_NAME IN ('later')");
      expect([await names(source), await names(target)]).toEqual(['later\n', '']);
    });
    test('Rx06 a recurring event whose end is over is gone, too', async () => {
      const names = (server: Started) =>
        server.exec("SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_NAME = 'recurring'");
      expect([await names(source), await names(target)]).toEqual(['recurring\n', '']);
    });
    test('Rx07 an event whose time is over comes back if it is to be preserved', () =>
      expectSame("SELECT EVENT_NAME, EXECUTE_AT FROM information_schema.EVENTS WHERE EVENT_NAME = 'kept'"));

    if (!isMariadb) return;
    test('M13 a row that strict mode refuses comes back, and so does all after it', async () => {
      await expectSame('SELECT id, c0 FROM shop.wide; SELECT * FROM shop.v; SELECT * FROM shop.zz');
      await expectSame('SHOW CREATE TABLE shop.wide');
    });
    test('Rx08 an empty table of another row format does', () => expectSame('SHOW CREATE TABLE shop.also_wide'));
  });
});

import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Manifest } from '../../catalog/bucket/manifest';
import { HOST_EXITS } from '../../catalog/contract/instance';
import { PolicySimulator } from '../emulator/policy-simulator';
import type { InstanceScene } from './instance-scene';
import { backupUser, range, teamOf, upTo } from './instance-scene';
import { agesOf, type Story } from './story';

export const AFIRGEN = teamOf('afirgen', 'afirgen-host', 'afirgen');

/** What AFIRGen’s summary promises, lived through. */
export function afirgenStory(here: () => InstanceScene): void {
  describe('AFIRGen: records in MySQL, and sessions in SQLite, every six hours', () => {
    const RECORDS = 'SELECT * FROM fir_db.fir_records ORDER BY fir_number';
    let story: Story;
    let sessions: DatabaseSync;
    let file: string;
    let records: Manifest;

    beforeAll(async () => {
      await here().server.exec(
        `CREATE DATABASE fir_db; ${backupUser(AFIRGEN, '*.*')} USE fir_db;
         CREATE TABLE fir_records (fir_number VARCHAR(20) PRIMARY KEY, complaint TEXT NOT NULL);
         INSERT INTO fir_records ${upTo(400)} SELECT CONCAT('FIR-', LPAD(n, 6, '0')), REPEAT(SHA2(n, 512), 40) FROM s;`,
      );
      story = await here().begin(AFIRGEN, 'AfirgenBackups', 'afirgen-ops@example.com');
      // The application keeps it open: what it wrote is in its log.
      file = path.join(story.host.docker.volume('afirgen_sessions_data'), 'sessions.db');
      sessions = new DatabaseSync(file);
      sessions.exec(
        'PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE sessions (id INTEGER PRIMARY KEY, state)',
      );
      for (let n = 0; n < 50; n++) sessions.exec(`INSERT INTO sessions (state) VALUES ('validated ${n}')`);
    });
    const allSessions = (database: DatabaseSync) => database.prepare('SELECT * FROM sessions').all();

    test('what it needs is there and allowed, as test_backup.py asks', async () => {
      const simulator = new PolicySimulator(here().emulator);
      const environment = { AWS_ENDPOINT_URL_IAM: await simulator.start() };
      // The emulated Systems Manager does not list commands.
      const doctor = story.does(['doctor', '--skip', 'instances'], { environment });
      const out = await doctor.finally(() => simulator.stop());
      for (const check of ['bucket-policy', 'keys', 'schedules', 'logs', 'functions', 'subscriptions', 'permissions'])
        expect(out).toMatch(new RegExp(`^ok +${check}: `, 'm'));
    });

    test('both are backed up by schedule, side by side with the application', async () => {
      records = await story.night('fir-records');
      const state = await story.night('sessions');
      expect(records).toMatchObject({
        engine: 'mysql',
        trigger: 'schedule',
        tables: [{ database: 'fir_db', rows: 400 }],
      });
      expect(state).toMatchObject({ engine: 'sqlite', trigger: 'schedule', tables: [{ name: 'sessions', rows: 50 }] });
      expect(records.consistency).toMatchObject({ snapshot: 'single-transaction' });
    });

    test('both are restored and compared by schedule, and how long that takes is listed', async () => {
      await story.hoursLater(1);
      for (const source of ['fir-records', 'sessions']) {
        const verdict = await story.tested(await story.newest(source), { version: here().server.version });
        expect(verdict).toMatchObject({ verdict: 'passed', differences: [] });
        const out = await story.does(['list', '--source', source, '--no-snapshots']);
        expect(out).toMatch(new RegExp(`^${source} .* yes, \\d`, 'm'));
      }
    });

    test('one more by hand, which says what it has', async () => {
      expect(await story.does(['run', '--source', 'fir-records'])).toContain('1 table, 400 rows');
      expect(await story.newest('fir-records')).toMatchObject({ trigger: 'on-demand' });
    });

    test.each(['fir-records', 'sessions'])('%s: of twelve days of backups seven are kept', async (source) => {
      const days = range(0.25, 12, 0.25);
      const kept = agesOf(await story.pruned(await story.newest(source), days));
      expect(kept.filter((age) => days.includes(age))).toEqual(days.filter((age) => age < 7));
    });

    test('a restore that cannot begin is an alert', async () => {
      const { backupId } = await story.newest('sessions');
      story.host.docker.fill(true);
      const ended = await story.host.restore('sessions', { backupId });
      story.host.docker.fill(false);
      expect(ended).toMatchObject([{ code: HOST_EXITS.container }]);
      const text = await story.email(({ signal }) => signal === 'housekeeping', /^RESTORE FAILED sessions/);
      expect(text).toContain('Docker did not start the container: write /var/lib/docker: no space left on device');
      expect(text).toContain(`--backup ${backupId}`);
    });

    test('the sessions come back into the volume, by one command', async () => {
      const before = allSessions(sessions);
      sessions.exec('DELETE FROM sessions WHERE id > 3');
      sessions.close();
      const talk = { question: 'Type its name (sessions.db): ', answer: 'sessions.db' };
      const args = ['restore', '--source', 'sessions', '--overwrite'];
      expect(await story.does(args, { talk })).toContain('all as in the backup');
      sessions = new DatabaseSync(file);
      expect(allSessions(sessions)).toEqual(before);
      sessions.close();
      await story.email(({ kind }) => kind === 'recovered', /^RECOVERED restore of sessions/);
      expect(await story.newest('sessions')).toMatchObject({ trigger: 'before-restore', tables: [{ rows: 3 }] });
    });

    test('the records come back, in place of what is there', async () => {
      const before = await here().server.exec(RECORDS);
      await here().server.exec("UPDATE fir_db.fir_records SET complaint = ''; CREATE TABLE fir_db.mistake (id INT)");
      const talk = { question: 'Type its name (fir_db): ', answer: 'fir_db' };
      const args = here().restore('fir-records', '--databases', 'fir_db', '--overwrite');
      expect(await story.does(args, { talk })).toContain('all as in the backup');
      expect(await here().server.exec(RECORDS)).toBe(before);
      expect(await here().server.exec('SHOW TABLES FROM fir_db')).toBe('fir_records\n');
    });

    test('a failure is an alert, and its end too', async () => {
      story.host.port = 1;
      expect(await story.host.fire(story.scene, 'fir-records')).not.toMatchObject([{ code: 0 }]);
      const text = await story.email(({ signal }) => signal === 'failed', /^FAILED fir-records/);
      expect(text).toContain('127.0.0.1:1');
      story.host.port = here().server.port;
      await story.night('fir-records');
      await story.email(({ kind }) => kind === 'recovered', /^RECOVERED fir-records/);
    });

    test('an odd size is an alert', async () => {
      await here().server.exec("DELETE FROM fir_db.fir_records WHERE fir_number > 'FIR-000009'");
      await story.night('fir-records');
      await story.hoursLater(1);
      // Of the sessions nothing is told: their newest backup is that of what the restore replaced.
      await story.email(({ signal }) => signal === 'strange-size', /^STRANGE SIZE fir-records/);
    });

    test('silence of either is an alert', async () => {
      await story.hoursLater(14);
      const { notification } = await story.scene.told(({ signal }) => signal === 'silent');
      expect(notification.problems!.map(({ source }) => source).sort()).toEqual(['fir-records', 'sessions']);
    });
  });
}

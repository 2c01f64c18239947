import type { Manifest } from '../../catalog/bucket/manifest';
import type { InstanceScene } from './instance-scene';
import { backupUser, PASSWORD, range, RESTORER, teamOf, upTo } from './instance-scene';
import { agesOf, type Story } from './story';

const [DEVELOPER, PIPELINE] = ['streamflix-developer', 'streamflix-pipeline'];
export const STREAMFLIX = teamOf('streamflix', 'streamflix-host', 'backup_user', {
  people: [DEVELOPER, PIPELINE],
  restore: { secret: 'streamflix/restore', username: RESTORER },
});

/** What StreamFlix’s guide promises, lived through. */
export function streamflixStory(here: () => InstanceScene): void {
  describe('StreamFlix: before each change, and verified', () => {
    const MOVIES = 'SELECT * FROM mydb.movie ORDER BY id';
    const MORE = [
      'profile',
      'subscription',
      'genre',
      'episode',
      'season',
      'watchlist',
      'watch_history',
      'device',
      'invoice',
      'payment',
      'language',
      'subtitle',
    ];
    let story: Story;
    let movies: string;
    let before: Manifest;

    beforeAll(async () => {
      const tables = ['account', 'movie', 'series', ...MORE].map(
        (name) =>
          `CREATE TABLE ${name} (id INT PRIMARY KEY, title VARCHAR(50)); INSERT INTO ${name} ${upTo(20)} SELECT n, CONCAT('${name} ', n) FROM s;`,
      );
      await here().server.exec(
        `CREATE DATABASE mydb; ${backupUser(STREAMFLIX, 'mydb.*')} USE mydb; ${tables.join('\n')}`,
      );
      movies = await here().server.exec(MOVIES);
      story = await here().begin(STREAMFLIX, 'StreamFlixBackups', 'streamflix@example.com');
    });
    const run = (as: string, ...more: readonly string[]) =>
      story.does(['run', '--source', 'streamflix', ...more], { as });

    test('the pipeline makes a backup before it migrates, by a user that only reads', async () => {
      expect(await run(PIPELINE, '--trigger', 'before-deployment')).toContain('Done after');
      before = await story.newest('streamflix');
      expect(before).toMatchObject({ trigger: 'before-deployment' });
      // It may start backups, and see none of them.
      const { denials } = here().emulator.guard;
      expect(denials.splice(0).map(({ access: { action } }) => action)).toEqual(['s3:ListBucket']);
      const drop = here().server.exec('DROP TABLE mydb.movie', { user: STREAMFLIX.username, password: PASSWORD });
      await expect(drop).rejects.toThrow('denied');
    });

    test('a test of each backup counts its tables and records, within the objective of ten minutes', async () => {
      await story.hoursLater(1);
      const verdict = await story.tested(before, { version: here().server.version });
      expect(verdict).toMatchObject({ verdict: 'passed', tables: 15, rows: 300, differences: [] });
      expect(verdict.checks).toContainEqual({ check: 'expectations', result: 'passed', compared: 4 });
      expect(verdict.loadSeconds).toBeLessThan(600);
    });

    test('the database is gone: a developer makes it anew, with all that it had', async () => {
      await here().server.exec('DROP DATABASE mydb');
      const args = ['restore', '--source', 'streamflix', '--databases', 'mydb', '--yes'];
      expect(await story.does(args, { as: DEVELOPER })).toContain('15 tables, 300 rows, all as in the backup');
      expect(await here().server.exec(MOVIES)).toBe(movies);
    });

    test('what a corrupted import left is not proven', async () => {
      await here().server.exec('DELETE FROM mydb.movie; DROP TABLE mydb.subtitle');
      const spoiled = await story.night('streamflix');
      await story.hoursLater(1);
      const verdict = await story.tested(spoiled, { version: here().server.version });
      expect(verdict).toMatchObject({ verdict: 'failed', differenceCount: 2 });
      await story.hoursLater(1);
      const text = await story.email(({ signal }) => signal === 'not-proven', /^NOT PROVEN streamflix/);
      expect(text).toContain('SELECT COUNT(*) FROM movie');
    });

    test('each backup of a month is kept, and then one a week for three months', async () => {
      expect(await run(DEVELOPER)).toContain('14 tables');
      const days = range(1, 130, 3);
      const kept = agesOf(await story.pruned(await story.newest('streamflix'), days));
      expect(kept).toEqual(expect.arrayContaining(days.filter((age) => age < 30)));
      const older = kept.filter((age) => age > 30);
      expect(older.at(-1)).toBeGreaterThan(85);
      expect(older.length).toBeLessThanOrEqual(14);
    });

    test.each<[string, () => void | Promise<unknown>, () => void | Promise<unknown>, RegExp, string]>([
      [
        'access denied',
        () => here().server.exec(`ALTER USER ${STREAMFLIX.username}@'%' IDENTIFIED BY 'another'`),
        () => here().server.exec(`ALTER USER ${STREAMFLIX.username}@'%' IDENTIFIED BY '${PASSWORD}'`),
        /^FAILED streamflix/,
        STREAMFLIX.username,
      ],
      [
        'container not running',
        () => story.host.docker.network('container:data_processing_mysql', false),
        () => story.host.docker.network('container:data_processing_mysql', true),
        /^NOT STARTED streamflix/,
        'data_processing_mysql',
      ],
    ])('%s: an alert says so', async (_, breakIt, mend, subject, said) => {
      // More than two changes within a day are told in another way.
      await here().emulator.moveClock(25 * 3600);
      await breakIt();
      expect(await story.host.fire(story.scene, 'streamflix')).not.toMatchObject([{ code: 0 }]);
      expect(await story.email(({ signal }) => ['failed', 'never-started'].includes(signal!), subject)).toContain(said);
      await mend();
      await story.night('streamflix');
      await story.email(({ kind }) => kind === 'recovered', /^RECOVERED streamflix/);
    });
  });
}

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import { backupIdTime } from '../../catalog/bucket/names';
import { mongodbDocuments } from '../compare/mongodb';
import type { MongodbServer } from '../servers/mongodb';
import { MONGODB } from '../servers/versions';
import type { Desk } from './desk';
import { range } from './instance-scene';
import { agesOf, type Story } from './story';

export const SPOTIFY = {
  document: 'spotify-uploader',
  role: 'spotify-uploader-host',
  secret: 'spotify-uploader/backup',
};

interface Here {
  readonly server: MongodbServer;
  readonly story: Story;
  readonly desk: Desk;
  /** `restore`, on the machine of somebody who reaches the server. */
  restore(source: string, ...more: readonly string[]): string[];
}

/** What phase 10 of the Spotify uploader promises, lived through. */
export function spotifyUploaderStory(here: () => Here, user: { readonly username: string; readonly password: string }) {
  describe('the session store of the Spotify uploader', () => {
    const DATABASE = 'spotify-uploader';
    const NETWORK = 'spotifyuploader_spotify-network-prod';
    const talk = { question: `Type its name (${DATABASE}): `, answer: DATABASE };
    let story: Story;
    let first: Manifest;
    let whole: Manifest;
    /** Sessions of both. */
    const stored: (readonly string[])[] = [];

    const sessions = () => here().server.within((client) => mongodbDocuments(client, DATABASE, 'sessions'));
    const expires = new Date(2_000_000_000_000);
    const login = (count: number) =>
      here().server.within((client) =>
        client
          .db(DATABASE)
          .collection('sessions')
          .insertMany(Array.from({ length: count }, (_, n) => ({ user: `listener-${n}`, expires }))),
      );

    beforeAll(async () => {
      await login(40);
      await here().server.within((client) =>
        client.db(DATABASE).collection('sessions').createIndex({ expires: 1 }, { expireAfterSeconds: 0 }),
      );
      story = here().story;
      await story.begin();
    });

    test('is backed up at midnight, and the restore test of that starts by schedule, and passes', async () => {
      first = await story.night('sessions');
      stored.push(await sessions());
      await story.hoursLater(23);
      const verdict = await story.tested(first, { version: MONGODB });
      expect(verdict).toMatchObject({ verdict: 'passed', tables: 1, rows: 40, differences: [] });
      // Until then there was none for longer than it may be.
      await story.scene.rest();
    });

    test('the objectives of a minute and of a day are measured', async () => {
      const shown = await story.does(['show', '--source', 'sessions', first.backupId]);
      expect(shown).toMatch(/^ {2}restore +\d+ s measured, the objective is 1 minute$/m);
      await story.does(['report', '--output', 'sessions.html']);
      const page = fs.readFileSync(path.join(here().desk.folder, 'sessions.html'), 'utf8');
      const row = page.replace(/<[^>]*>|\s+/g, ' ').replace(/ +/g, ' ');
      expect(row).toMatch(/ sessions ✓ OK .* 25 h .* \d+ s 1 min /);
    });

    test('is backed up on demand, listed and shown', async () => {
      await login(2);
      stored.push(await sessions());
      expect(await story.does(['run', '--source', 'sessions'])).toContain('1 collection, 42 documents');
      whole = await story.newest('sessions');
      const list = await story.does(['list', '--source', 'sessions', '--no-snapshots']);
      expect(list).toMatch(new RegExp(`^sessions +${first.backupId} .* yes, \\d`, 'm'));
      const shown = await story.does(['show', '--source', 'sessions', whole.backupId]);
      expect(shown).toContain('by a run on demand');
      expect(shown).toMatch(/^spotify-uploader\.sessions +42$/m);
    });

    test('of two months the backups of seven days are kept', async () => {
      const days = range(1, 60, 1);
      const kept = agesOf(await story.pruned(whole, days));
      expect(kept.filter((age) => days.includes(age))).toEqual(days.filter((age) => age < 7));
    });

    test('that all sessions but one are gone is an alert of the size', async () => {
      await here().server.within((client) => client.db(DATABASE).collection('sessions').deleteMany({}));
      await login(1);
      await story.night('sessions');
      await story.hoursLater(1);
      await story.email(({ signal }) => signal === 'strange-size', /^STRANGE SIZE sessions/);
    });

    test('a copy from before that comes back by one command, which asks before it replaces anything', async () => {
      const lost = await sessions();
      const before = backupIdTime(whole.backupId)!.toISOString();
      const args = here().restore('sessions', '--at', before, '--overwrite');
      expect(await story.cli(args, { talk: { ...talk, answer: 'yes' } })).toMatchObject({ code: 1 });
      expect(await sessions()).toEqual(lost);
      const out = await story.does(args, { talk });
      expect(out).toMatch(/^in the backup +becomes +there now +collections +documents$/m);
      expect(out).toMatch(
        /was restored into spotify-uploader in .*: 1 collection, 42 documents, all as in the backup\./,
      );
      expect(out).toContain('To go back: what was there is in ');
      expect(await sessions()).toEqual(stored[1]);
      await story.night('sessions');
      await story.hoursLater(1);
      await story.email(({ kind }) => kind === 'recovered', /^RECOVERED sessions/);
    });

    test('a container that does not start again is an alert, and is made anew by the commands of docs/migrating.md', async () => {
      // What `down -v` deletes.
      await here().server.within(async (client) => {
        await client.db(DATABASE).dropDatabase();
        await client.db('admin').command({ dropUser: user.username });
      });
      expect(await story.host.fire(story.scene, 'sessions')).not.toMatchObject([{ code: 0 }]);
      await story.email(({ signal }) => signal === 'failed', /^FAILED sessions/);
      expect(await story.does(['list', '--source', 'sessions'])).toContain(first.backupId);
      await here().server.createUser(user.username, user.password);
      const restored = await story.does(here().restore('sessions', '--databases', DATABASE), {
        talk: { question: `into ${DATABASE}? Type yes: `, answer: 'yes' },
      });
      expect(restored).toContain('1 collection, 40 documents, all as in the backup');
      expect(await sessions()).toEqual(stored[0]);
      expect(await story.does(['run', '--source', 'sessions'])).toContain('1 collection, 40 documents');
      await story.email(({ kind }) => kind === 'recovered', /^RECOVERED sessions/);
    });

    test.each<[string, (isBroken: boolean) => void, string]>([
      ['the services are stopped', (isBroken) => story.host.docker.network(NETWORK, !isBroken), NETWORK],
      ['the disk is full', (isBroken) => story.host.docker.fill(isBroken), 'no space left on device'],
    ])('%s: an alert says so', async (_, breakIt, said) => {
      // More than two changes within a day are told in another way.
      await story.hoursLater(24.5);
      breakIt(true);
      expect(await story.host.fire(story.scene, 'sessions')).not.toMatchObject([{ code: 0 }]);
      expect(await story.email(({ signal }) => signal === 'never-started', /^NOT STARTED sessions/)).toContain(said);
      breakIt(false);
      await story.night('sessions');
      await story.email(({ kind }) => kind === 'recovered', /^RECOVERED sessions/);
    });

    test('25 hours without a backup are an alert', async () => {
      // Of what came before, all was told.
      expect((await story.scene.rest()).filter(({ kind }) => kind === 'problem')).toEqual([]);
      await story.hoursLater(26);
      await story.email(({ signal }) => signal === 'silent', /^SILENT sessions/);
    });
  });
}

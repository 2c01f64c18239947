import * as fs from 'node:fs';
import * as path from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Manifest } from '../../catalog/bucket/manifest';
import { coverage } from '../support/two-years';
import type { InstanceScene } from './instance-scene';
import { backupUser, range, teamOf } from './instance-scene';
import type { Story } from './story';

export const EPICBOOK = teamOf('epicbook', 'epicbook-vm', 'epicbook');

/** What EpicBook’s plan promises, lived through. */
export function epicbookStory(here: () => InstanceScene): void {
  describe('EpicBook: the test of its plan, and what it leaves open', () => {
    const BOOKS = 'SELECT * FROM epicbook.Book ORDER BY id';
    let story: Story;
    let first: Manifest;
    let books: string;

    beforeAll(async () => {
      await here().server.exec(
        `CREATE DATABASE epicbook; ${backupUser(EPICBOOK, 'epicbook.*')} USE epicbook;
         CREATE TABLE Author (id INT PRIMARY KEY, firstName VARCHAR(50));
         CREATE TABLE Book (id INT PRIMARY KEY, title VARCHAR(100) NOT NULL, AuthorId INT, FOREIGN KEY (AuthorId) REFERENCES Author (id));
         CREATE TABLE Cart (id INT PRIMARY KEY, quantity INT);
         INSERT INTO Author VALUES (1, 'Michael'), (2, 'Otfried');
         INSERT INTO Book VALUES (1, 'Momo', 1), (2, 'Krabat', 2), (3, 'Die unendliche Geschichte', 1);`,
      );
      books = await here().server.exec(BOOKS);
      story = await here().begin(EPICBOOK, 'EpicBookBackups', 'epicbook@example.com');
    });

    test('books are inserted, backed up, lost, and there again', async () => {
      first = await story.night('epicbook');
      expect(first).toMatchObject({
        trigger: 'schedule',
        tables: expect.arrayContaining([expect.objectContaining({ name: 'Book', rows: 3 })]) as unknown,
      });
      await here().server.exec('DELETE FROM epicbook.Book WHERE id = 2');
      const args = here().restore('epicbook', '--overwrite');
      const talk = { question: 'Type its name (epicbook): ', answer: 'epicbook' };
      expect(await story.cli(args, { talk: { ...talk, answer: 'yes' } })).toMatchObject({ code: 1 });
      expect(await here().server.exec(BOOKS)).not.toBe(books);
      expect(await story.does(args, { talk })).toContain('3 tables, 5 rows, all as in the backup');
      expect(await here().server.exec(BOOKS)).toBe(books);
    });

    test('what the plan tries by hand is tried by schedule: restored elsewhere, with all tables and records', async () => {
      await story.hoursLater(1);
      const verdict = await story.tested(first, { version: here().server.version });
      expect(verdict).toMatchObject({ verdict: 'passed', tables: 3, rows: 5, differences: [] });
    });

    test('the table alone, beside the shop that goes on; and the shop as it was before a change', async () => {
      await here().server.exec(
        "INSERT INTO epicbook.Book VALUES (4, 'Das Gespenst', 2); DELETE FROM epicbook.Book WHERE id < 4",
      );
      expect(await story.does(['run', '--source', 'epicbook'])).toContain('3 tables, 3 rows');
      const older = ['--backup', first.backupId, '--yes'];
      for (const args of [
        here().restore('epicbook', '--tables', 'epicbook.Book', '--as', 'rescued', ...older),
        here().restore('epicbook', '--databases', 'epicbook', '--as', 'epicbook_then', ...older),
      ])
        expect(await story.does(args)).toContain('all as in the backup');
      expect(await here().server.exec(BOOKS.replace('epicbook', 'rescued'))).toBe(books);
      expect(await here().server.exec(BOOKS.replace('epicbook', 'epicbook_then'))).toBe(books);
      expect(await here().server.exec(BOOKS)).toBe('4\tDas Gespenst\t2\n');
    });

    test('a report is the evidence', async () => {
      await story.does(['report', '--output', 'evidence.html']);
      const page = fs.readFileSync(path.join(here().desk.folder, 'evidence.html'), 'utf8');
      expect(page).toContain(first.backupId);
      expect(page.replace(/<[^>]*>|\s+/g, ' ')).toMatch(/ epicbook +✓ OK /);
    });

    test('of more than a year, two weeks of days, 14 weeks and 13 months are kept', async () => {
      const days = [...range(1, 15, 1), ...range(15, 120, 7), ...range(120, 450, 28)];
      const kept = await story.pruned(await story.newest('epicbook'), days);
      expect(coverage(kept, 'daily', 14)).toBe(14);
      expect(coverage(kept, 'weekly', 14)).toBe(14);
      expect(coverage(kept, 'monthly', 13)).toBe(13);
      expect(kept.times.length).toBeLessThan(days.length);
    });

    test('a machine whose agent does not answer, or that is gone, is an alert', async () => {
      story.host.online = false;
      expect(await story.host.fire(story.scene, 'epicbook')).toEqual([]);
      const text = await story.email(({ signal }) => signal === 'never-started', /^NOT STARTED epicbook/);
      expect(text).toContain(story.host.id);
      const { code, err } = await story.cli(['run', '--source', 'epicbook']);
      expect({ code, err }).toMatchObject({
        code: 1,
        err: expect.stringContaining(`does not reach instance ${story.host.id}`) as string,
      });
      story.host.online = true;
      await story.night('epicbook');
      await story.email(({ kind }) => kind === 'recovered', /^RECOVERED epicbook/);
    });

    test('a weekly snapshot of the disk that cannot be made is an alert', async () => {
      const recorded = Object.values(await here().emulator.recorded('EpicBookBackups'));
      const { physicalId } = recorded.find(({ type }) => type === 'AWS::DLM::LifecyclePolicy')!;
      const arn = `arn:aws:dlm:us-east-1:000000000000:policy/${physicalId}`;
      const detail = { state: 'ERROR', cause: 'Role provided does not have sufficient permissions', policy_id: arn };
      const entry = { Source: 'aws.dlm', DetailType: 'DLM Policy State Change', Detail: JSON.stringify(detail) };
      await new EventBridgeClient(here().emulator.client).send(
        new PutEventsCommand({ Entries: [{ ...entry, Resources: [arn] }] }),
      );
      const text = await story.email(({ signal }) => signal === 'housekeeping', /^SNAPSHOT POLICY FAILED/);
      expect(text).toContain('sufficient permissions');
    });
  });
}

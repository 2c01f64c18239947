import * as fs from 'node:fs';
import * as path from 'node:path';
import { CAUSES, SIGNALS } from '../../catalog/contract/alarms';
import type { Notification } from '../../catalog/contract/notification';
import { USE_KEY } from '../../lib/alarms/private/alarm-topic';
import { document, plain, ROOT, tableRows } from './markdown';

const alarms = document('docs/alarms.md');
const words = (signal: string): string => signal.replaceAll('-', ' ');

test('the table of failures has each cause of each signal, once', () => {
  const rows = tableRows(alarms.section('Each way to fail')).map(([, signal, cause]) => `${signal}: ${plain(cause)}`);
  const causes = SIGNALS.flatMap((signal) => CAUSES[signal].map((cause) => `${words(signal)}: ${cause}`));
  expect(rows.sort()).toEqual(causes.sort());
});

test('the tests that the table names exist, and are about the cause', () => {
  for (const [, , cause, after, tests] of tableRows(alarms.section('Each way to fail'))) {
    expect(after).toMatch(/\w/);
    const files = tests!.split(', ').map(plain);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
      expect([file, plain(cause), new RegExp(`(?<![\\w-])${plain(cause)}(?![\\w-])`).test(text)]).toEqual([
        file,
        plain(cause),
        true,
      ]);
    }
  }
});

test.each(SIGNALS)('the section of %s has its causes, and the anchor that emails link to', (signal) => {
  const heading = words(signal).replace(/^./, (letter) => letter.toUpperCase());
  const causes = tableRows(alarms.section(heading)).map(([cause]) => plain(cause));
  expect(causes.sort()).toEqual([...CAUSES[signal]].sort());
  expect(alarms.anchors).toContain(signal);
});

test('the example of a notification has its fields, and the table all of them', () => {
  const json = alarms.blocks.filter(({ language }) => language === 'json').map(({ code }) => code);
  const example = JSON.parse(json[0]!) as Notification;
  const documented = tableRows(alarms.section('For programs')).flatMap(([fields]) => plain(fields).split(', '));
  expect(Object.keys(example).filter((field) => !documented.includes(field))).toEqual([]);
  const source = fs.readFileSync(path.join(ROOT, 'catalog/contract/notification.ts'), 'utf8');
  const shape = /interface Notification \{([^]*?)\n\}/.exec(source)![1]!;
  const fields = [...shape.matchAll(/readonly (\w+)\??:/g)].map(([, field]) => field);
  expect(documented.sort()).toEqual(fields.sort());
});

test('the statements for a key are those that a created key gets', () => {
  const json = alarms.blocks.filter(({ language }) => language === 'json').map(({ code }) => code);
  const statements = JSON.parse(json[1]!) as { Sid: string; Action: string[]; Condition?: unknown }[];
  expect(statements.map(({ Sid, Condition }) => [Sid, Condition !== undefined])).toEqual([
    ['AllowCloudWatch', true],
    ['AllowEventBridge', false],
  ]);
  for (const { Action } of statements) expect(Action).toEqual(USE_KEY);
});

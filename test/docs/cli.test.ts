import { EXIT } from '../../bin/cli/errors';
import { main } from '../../bin/cli/program';
import { captured } from '../bin/cli/cli-support';
import { document, plain, tableRows } from './markdown';

const cli = document('docs/cli.md');

async function help(command: readonly string[]): Promise<string> {
  const streams = captured();
  expect(await main([...command, '--help'], streams)).toBe(EXIT.done);
  return streams.out();
}

/** The words of a part of a help text, each with its place for a value: `--bucket <name>`. */
const words = (text: string, part: 'Commands' | 'Options'): string[] => {
  const section = new RegExp(`^${part}:\n((?: .*\n?)*)`, 'm').exec(text)?.[1] ?? '';
  return [...section.matchAll(/^ {2}(?:-\w, )?(--[a-z][\w-]*(?: [<[][^>\]]+[>\]])?|[a-z][\w-]*(?: <[^>]+>)?)/gm)]
    .map(([, word]) => word!)
    .filter((word) => !['help', '--help'].includes(word));
};

/** Commands that do something, each by its words. */
async function commands(path: readonly string[] = []): Promise<string[][]> {
  const inner = words(await help(path), 'Commands');
  if (inner.length === 0) return [[...path]];
  return (await Promise.all(inner.map((name) => commands([...path, name])))).flat();
}

test('docs/cli.md has every command', async () => {
  const documented = [...cli.prose.matchAll(/^## proven-backups (.*)$/gm)].map(([, name]) => name);
  const existing = (await commands()).map((path) => path.join(' '));
  expect(existing).toContain('retention simulate');
  expect(documented.sort()).toEqual(existing.sort());
});

test('docs/cli.md has every option, and no other', async () => {
  for (const path of await commands()) {
    const rows = tableRows(cli.section(`proven-backups ${path.join(' ')}`)).map(([option]) => plain(option));
    const documented = rows.filter((option) => option.startsWith('--'));
    expect([path, documented.sort()]).toEqual([path, words(await help(path), 'Options').sort()]);
  }
});

test('docs/cli.md has every exit code', () => {
  const documented = tableRows(cli.section('Exit codes')).map(([code]) => Number(code));
  expect(documented).toEqual(Object.values(EXIT));
});

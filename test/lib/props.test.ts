import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('private'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));

const SOURCES = read(join(__dirname, '../../lib'));
const TESTS = read(__dirname).join('\n');

/** The properties of all structs of the library, as `[struct, property]`. */
const PROPERTIES = SOURCES.flatMap((source) =>
  [...source.matchAll(/^export interface (\w+(?:Props|Options|Attributes))\b[^{]*\{(.*?)^\}/gms)].flatMap(
    ([, struct, body]) =>
      [...body!.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, property]) => [struct!, property!] as const),
  ),
);

test('there are properties to look at', () => {
  expect(PROPERTIES.length).toBeGreaterThan(50);
});

test.each(PROPERTIES)('%s.%s is read by a test', (_, property) => {
  expect(TESTS).toMatch(new RegExp(`\\b${property}\\b\\s*[:,}]`));
});

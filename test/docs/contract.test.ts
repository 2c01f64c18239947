import * as fs from 'node:fs';
import * as path from 'node:path';
import { ENV, EXIT_CODES, METRICS, PRUNE_METRICS, TRIGGERS } from '../../catalog/contract/task';
import { ENGINE_FACTS, engineFacts } from '../../engines/facts';
import { manifestSchema } from '../../catalog/bucket/manifest';
import { partBytes } from '../../task/io/upload';
import { DOCUMENTS, ROOT, document, plain, tableRows } from './markdown';
import { SOURCES, allTexts, errorSentences } from './sentences';

const program = document('docs/dump-program.md');
const firstCells = (section: string): string[] => tableRows(section).map(([first]) => plain(first));
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();
const MIB = 1024 ** 2;

describe('docs/dump-program.md says what the contract says', () => {
  test('exit codes', () => {
    const documented = tableRows(program.section('Exit codes')).map(([code, name]) => [plain(name), Number(code)]);
    expect(Object.fromEntries(documented)).toEqual(EXIT_CODES);
  });

  test('environment variables', () => {
    const section = program.section('Environment');
    const [variables, fields] = section.split('The job:');
    expect(sorted(firstCells(variables!))).toEqual(sorted(Object.values(ENV)));
    const job = /interface DumpJob \{([^]*?)\n\}/.exec(sourceText('catalog/contract/task.ts'))![1]!;
    expect(sorted(firstCells(fields!))).toEqual(
      sorted([...job.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name!)),
    );
    for (const trigger of TRIGGERS) expect(section).toContain(`\`${trigger}\``);
  });

  test('metrics', () => {
    const { namespace, bucket, source, ...names } = METRICS;
    const section = program.section('Metrics');
    expect(sorted(firstCells(section))).toEqual(sorted(Object.values(names)));
    expect(section).toContain(`Namespace \`${namespace}\`, by \`${bucket}\` and \`${source}\``);
  });

  test('events of the log', () => {
    const raised = SOURCES.filter(({ file }) => /^(?:task|engines)\//.test(file)).flatMap(({ text }) =>
      [...text.matchAll(/\blog\.(info|warn|error)\(\s*'([\w-]+)'/g)].map(([, level, event]) => `${event} ${level}`),
    );
    const documented = tableRows(program.section('Log')).map(([event, level]) => `${plain(event)} ${level}`);
    expect(sorted(documented)).toEqual(sorted([...raised, 'progress info']));
  });

  test('part sizes', () => {
    const rows = tableRows(program.section('Memory and part sizes'));
    const parts = rows.map(([, part]) => bytesOf(part!));
    expect(parts).toEqual(rows.map((_, index) => partBytes(1 + index * 1250)));
    let total = 0;
    rows.forEach(([upTo], index) => {
      total += 1250 * partBytes(1 + index * 1250);
      expect(bytesOf(upTo!) / total).toBeCloseTo(1, 1);
    });
  });

  test('images', () => {
    const section = program.section('The image');
    for (const [engine, { title, image }] of Object.entries(ENGINE_FACTS)) {
      const [, documented] = tableRows(section).find(([first]) => first === title)!;
      expect([engine, documented]).toEqual([engine, expect.stringContaining(`\`${image('<version>')}\``)]);
    }
    expect(section).toContain(ENGINE_FACTS.mysql.image('5.7'));
  });
});

/** What only a person can write about an engine; that it is right, its reviewer has to see. */
test.each([
  ...['README.md', 'docs/consistency.md', 'docs/dump-program.md', 'docs/manifest.md'],
  ...['docs/privileges.md', 'docs/restore-by-hand.md', 'docs/troubleshooting.md'],
])('%s speaks of every engine', (file) => {
  const { prose } = document(file);
  const silent = Object.values(ENGINE_FACTS).filter(({ title }) => !prose.includes(title));
  expect(silent.map(({ title }) => title)).toEqual([]);
});

test('docs/backups-file.md names the engines that have a server', () => {
  const names = Object.keys(ENGINE_FACTS).filter((engine) => engineFacts(engine).server);
  const list = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(names);
  const code = document('docs/backups-file.md').blocks.map((block) => block.code);
  expect(code.join('\n')).toContain(`# Required: ${list}.`);
});

describe('docs/pruning.md says what the contract says', () => {
  const pruning = document('docs/pruning.md');

  test('metrics', () => {
    const { tag, ...names } = PRUNE_METRICS;
    const section = pruning.section('Metrics');
    expect(sorted(firstCells(section))).toEqual(sorted(Object.values(names)));
    expect(section).toContain(`Namespace \`${METRICS.namespace}\`, by \`${METRICS.bucket}\``);
    expect(section).toContain(`by \`${tag}\``);
  });

  test('fields of a report', () => {
    const fields = /interface SourceReport \{([^]*?)\n\}/.exec(sourceText('catalog/contract/handlers.ts'))![1]!;
    const names = [...fields.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name!);
    expect(sorted(firstCells(pruning.section('A source')))).toEqual(sorted(names));
  });
});

test('docs/manifest.md has every field of the schema, and no other', () => {
  const { shape } = manifestSchema;
  const manifest = document('docs/manifest.md');
  const fields = (heading: string) => sorted(firstCells(manifest.section(heading)));
  expect(fields('The manifest')).toEqual(sorted(Object.keys(shape)));
  expect(fields('consistency')).toEqual(sorted(Object.keys(shape.consistency.shape)));
  expect(fields('objects')).toEqual(sorted(Object.keys(shape.objects.element.shape)));
  expect(fields('tables')).toEqual(sorted(Object.keys(shape.tables.element.shape)));
});

describe('docs/troubleshooting.md', () => {
  const troubleshooting = document('docs/troubleshooting.md');

  test('has every sentence of the program and the constructs', () => {
    const prose = troubleshooting.inlineCode.join('\n');
    const longest = (parts: readonly string[]): string => [...parts].sort((a, b) => b.length - a.length)[0]!.trim();
    const sentences = errorSentences();
    expect(sentences.length).toBeGreaterThan(70);
    const missing = sentences.filter(({ parts }) => !prose.includes(longest(parts)));
    expect(missing.map(({ file, parts }) => `${file}: ${parts.join('…')}`)).toEqual([]);
  });

  test('has no sentence that is not theirs', () => {
    const texts = allTexts() + fs.readFileSync(path.join(ROOT, 'task/Dockerfile'), 'utf8');
    const invented = troubleshooting.inlineCode
      .filter((code) => code.split(' ').length > 4)
      .flatMap((code) => code.split('…').map((part) => part.trim()))
      .filter((part) => part.length > 3 && !texts.includes(part));
    expect(invented).toEqual([]);
  });
});

/** Names of AWS, of databases and their tools, which our sources need not know. */
const FOREIGN = new Set([
  ...[
    'AccessDenied',
    'ChecksumCRC32',
    'DeleteBackupVaultAccessPolicy',
    'InvalidObjectState',
    'KMSAccessDenied',
    'PutBackupVaultAccessPolicy',
    'RestoreAlreadyInProgress',
    'RestoreObject',
    'fromBackupVaultName',
    'isCrossAccountBackupEnabled',
  ],
  ...['itemsToRestore', 'newFileSystem', 'readFileSync', 'stopTimeout'],
]);

test('names of code in the documents exist in the sources', () => {
  const words = new Set(SOURCES.flatMap(({ text }) => text.match(/\w+/g) ?? []));
  const unknown = DOCUMENTS.flatMap(({ file, inlineCode }) =>
    inlineCode
      .flatMap((code) => code.match(/\b[A-Za-z]+[a-z][A-Z]\w*/g) ?? [])
      .filter((name) => !words.has(name) && !FOREIGN.has(name))
      .map((name) => `${file}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

function sourceText(file: string): string {
  return SOURCES.find((source) => source.file === file)!.text;
}

/** `9.8 GiB` */
function bytesOf(text: string): number {
  const [number, unit] = text.split(' ');
  return Number(number) * MIB * 1024 ** ['MiB', 'GiB', 'TiB'].indexOf(unit!);
}

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { readBackupsFile } from '../../bin/backups-file/backups-file';
import { parseManifest } from '../../catalog/bucket/manifest';
import packageJson from '../../package.json';
import { compileErrors } from './compile';
import type { CodeBlock } from './markdown';
import { DOCUMENTS, ROOT, document } from './markdown';

jest.setTimeout(120_000);

const blocksOf = (language: string): CodeBlock[] =>
  DOCUMENTS.flatMap(({ blocks }) => blocks.filter((block) => block.language === language));
const block = (code: string): CodeBlock => ({ place: 'here:1', heading: '', language: 'ts', code });

describe('code in the documents', () => {
  test('TypeScript compiles against the library', () => {
    const blocks = blocksOf('ts');
    expect(blocks.length).toBeGreaterThan(8);
    const wrong = [
      block('new Backups(stack, "Backups", { vcp: vpc });'),
      block("import { Backups, Nothing } from 'cdk-proven-backups';\nexport const all = [Backups, Nothing];"),
    ];
    const errors = compileErrors([...blocks, ...wrong]);
    expect(errors.filter((error) => error.startsWith('here:1'))).toEqual([
      expect.stringContaining("'vcp' does not exist"),
      expect.stringContaining("no exported member 'Nothing'"),
    ]);
    expect(errors.filter((error) => !error.startsWith('here:1'))).toEqual([]);
  });

  test('YAML is a backups file', () => {
    const blocks = blocksOf('yaml');
    expect(blocks.map(({ place }) => place.split(':')[0])).toContain('README.md');
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'docs-')), 'backups.yaml');
    const faults = blocks.flatMap(({ place, code }) => {
      fs.writeFileSync(file, code);
      try {
        readBackupsFile(file);
        return [];
      } catch (error) {
        return [`${place}: ${(error as Error).message}`];
      }
    });
    fs.rmSync(path.dirname(file), { recursive: true });
    expect(faults).toEqual([]);
  });

  test('JSON parses, and the example of a manifest is one', () => {
    for (const { code } of blocksOf('json')) expect(() => JSON.parse(code) as unknown).not.toThrow();
    const example = document('docs/manifest.md').blocks.find(({ language }) => language === 'json')!;
    expect(parseManifest(example.code, 'docs/manifest.md').source).toBe('shop');
  });

  test('npm scripts exist', () => {
    const text = DOCUMENTS.map(({ prose, blocks }) => prose + blocks.map(({ code }) => code).join('')).join('\n');
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!);
    expect(named).toContain('demo');
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining([...new Set(named)]));
  });
});

test('links lead somewhere', () => {
  const broken = DOCUMENTS.flatMap(({ file, links }) =>
    links
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [target, anchor] = link.split('#');
        const to = target === '' ? file : path.join(path.dirname(file), target!);
        if (!fs.existsSync(path.join(ROOT, to))) return true;
        return anchor !== undefined && !document(to)?.anchors.includes(anchor);
      })
      .map((link) => `${file}: ${link}`),
  );
  expect(DOCUMENTS.flatMap(({ links }) => links).length).toBeGreaterThan(50);
  expect(broken).toEqual([]);
});

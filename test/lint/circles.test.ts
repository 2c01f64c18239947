import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The files that each file imports or re-exports. Types count, which `import-x/no-cycle` of ESLint cannot be told. */
function importsOf(root: string, folders: string): Map<string, string[]> {
  const files = new Set(globSync(`${folders}/**/*.ts`, { cwd: root }));
  return new Map(
    [...files].map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const named = [...text.matchAll(/\b(?:from|import) ?\(?'(\.[^']*)'/g)].map(([, path]) =>
        join(dirname(file), path!),
      );
      return [file, named.flatMap((path) => [`${path}.ts`, `${path}/index.ts`].filter((one) => files.has(one)))];
    }),
  );
}

/** The first circle that is found below a file, as the way around it. */
function circleFrom(
  imports: Map<string, string[]>,
  file: string,
  way: string[],
  done: Set<string>,
): string[] | undefined {
  const start = way.indexOf(file);
  if (start >= 0) return [...way.slice(start), file];
  if (done.has(file)) return undefined;
  for (const next of imports.get(file) ?? []) {
    const circle = circleFrom(imports, next, [...way, file], done);
    if (circle) return circle;
  }
  done.add(file);
  return undefined;
}

function circle(imports: Map<string, string[]>): string | undefined {
  const done = new Set<string>();
  for (const file of imports.keys()) {
    const found = circleFrom(imports, file, [], done);
    if (found) return found.join(' → ');
  }
  return undefined;
}

const ROOT = resolve(__dirname, '../..');

test('no file imports itself by way of others, not even for a type', () => {
  const imports = importsOf(ROOT, '{bench,bin,catalog,demo,engines,lambda,lib,task}');
  expect([...imports.values()].flat().length).toBeGreaterThan(500);
  expect(circle(imports)).toBeUndefined();
});

test('a circle is found and told', () => {
  const imports = { 'a.ts': ['b.ts'], 'b.ts': ['d.ts', 'c.ts'], 'c.ts': ['b.ts'], 'd.ts': [] };
  expect(circle(new Map(Object.entries(imports)))).toBe('b.ts → c.ts → b.ts');
});

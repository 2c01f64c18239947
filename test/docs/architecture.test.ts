import { execFileSync } from 'node:child_process';
import { document, plain, ROOT, tableRows } from './markdown';

interface Zone {
  readonly target: string;
  readonly except?: readonly string[];
}

/** The dependency rule as ESLint has it. */
function zones(): Zone[] {
  const script = `
    import config from './eslint.config.mjs';
    const rule = config.map(({ rules }) => rules?.['import-x/no-restricted-paths']).find(Boolean);
    console.log(JSON.stringify(rule[1].zones));
  `;
  const args = ['--input-type=module', '--eval', script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })) as Zone[];
}

test('docs/architecture.md says who may import whom, as ESLint does', () => {
  const section = document('docs/architecture.md').section('Parts, and who may import whom');
  const documented = tableRows(section).map(([part, may]) => [
    plain(part),
    {
      parts: [...may!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!).sort(),
      facts: may!.includes("the engines' facts and advice"),
    },
  ]);
  const enforced = zones().flatMap(({ target, except }) => {
    // A zone within a part.
    if (!except) return [];
    const own = target.replace('./', '');
    const paths = except.map((path) => path.replace('./', '').replace(/\.ts$/, ''));
    const others = paths.filter((path) => ![own, 'node_modules', 'package.json'].includes(path));
    const parts = others.filter((path) => !path.startsWith('engines/')).sort();
    return [[own, { parts, facts: parts.length < others.length }]] as const;
  });
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(enforced));
});

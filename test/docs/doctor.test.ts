import { CHECKS } from '../../bin/cli/doctor/checks';
import { document, plain, tableRows } from './markdown';
import { SOURCES } from './sentences';

const page = document('docs/doctor.md');

test('docs/doctor.md has every check, in their order', () => {
  const documented = tableRows(page.section('Checks')).map(([id]) => plain(id));
  expect(documented).toEqual(CHECKS.map(({ id }) => id));
});

test('docs/doctor.md allows every action that a check asks for, and no other', () => {
  const statement = page.blocks.map(({ code }) => code).find((code) => code.includes('"Doctor"'))!;
  const allowed = (JSON.parse(statement) as { Statement: [{ Action: string[] }] }).Statement[0].Action;
  const texts = SOURCES.filter(({ file }) => file.startsWith('bin/cli/doctor/')).map(({ text }) => text);
  const asked = texts.join('\n').match(/\b[a-z\d]+:(?:Describe|Get|List|Simulate)[A-Za-z]+\b/g)!;
  expect(allowed).toEqual([...new Set(asked)].sort());
});

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ALL_EXAMPLES, exampleApp } from '../support/examples';

const ROOT = join(__dirname, '../..');
const CFN_LINT = join(ROOT, '.venv/bin/cfn-lint');
/**
 * Findings about CDK's own output: dependencies that references imply already (W3005), access control lists (W3045); and
 * old versions of RDS (W3691), which every version without a minor one counts as.
 */
const IGNORED = ['W3005', 'W3045', 'W3691'];

/** A finding of cfn-lint. */
interface Finding {
  readonly Filename: string;
  readonly Message: string;
  readonly Rule: { readonly Id: string };
}

/** Findings in all templates: it reads its rules once, which takes longer than a template. */
function lint(templates: readonly string[]): Finding[] {
  const args = ['--format', 'json', '--ignore-checks', ...IGNORED, '--', ...templates];
  const { stdout, stderr } = spawnSync(CFN_LINT, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as Finding[];
}

/** Synthesises an example, and answers with the path of its template. */
function template(example: string): string {
  const [stack] = exampleApp(example).synth().stacks;
  return stack!.templateFullPath;
}

const FAULT = join(__dirname, 'fault.template.json');
let templates: ReadonlyMap<string, string>;
let findings: readonly Finding[];
beforeAll(() => {
  templates = new Map(ALL_EXAMPLES.map((example) => [example, template(example)]));
  findings = lint([FAULT, ...templates.values()]);
});

const inTemplate = (file: string): string[] =>
  findings.filter(({ Filename }) => Filename === file).map(({ Rule, Message }) => `${Rule.Id} ${Message}`);

test('it runs, and it finds faults', () => {
  expect(inTemplate(FAULT)).toContainEqual(expect.stringMatching(/^E3002 /));
});

test.each(ALL_EXAMPLES)('it finds nothing in the template of %s', (example) => {
  expect(inTemplate(templates.get(example)!)).toEqual([]);
});

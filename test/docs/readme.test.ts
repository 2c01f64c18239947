import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';
import type { App } from 'aws-cdk-lib';
import { engines } from '../../engines/facts';
import { Setup } from '../lib/support';
import { templateOf } from '../support/examples';
import { ROOT, document, plain, tableRows } from './markdown';

// CDK's own rules for templates take a third of a synthesis, and dislike the VPC that stands for one not looked up yet.
beforeAll(() => void (process.env.CDK_VALIDATION = 'false'));

const readme = document('README.md');
const costs = document('docs/costs.md');
const words = (text: string): string => text.replace(/\s+/g, ' ');

/** The app that the first block of the README is, as its user runs it. */
function readmeApp(): App {
  const block = readme.blocks.find(({ language }) => language === 'ts')!;
  const { outputText } = ts.transpileModule(block.code, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
  return new Function('require', 'exports', `${outputText}\nreturn app;`)(require, {}) as App;
}

describe('the numbers of resources', () => {
  const idsOf = (databases: number, props: Parameters<Setup['add']>[0] = {}): string[] => {
    const setup = new Setup({ env: { account: '111122223333', region: 'eu-west-1' } });
    setup.create();
    for (let index = 0; index < databases; index++) setup.add(props, `Database${index}`);
    const { Resources } = setup.template().toJSON() as { Resources: Record<string, unknown> };
    return Object.keys(Resources).filter((id) => id.startsWith('Backups'));
  };
  const created = words(costs.section('What is created'));

  test('of what all databases share, part by part', () => {
    const shared = idsOf(0);
    const of = (part: string): number => shared.filter((id) => id.startsWith(`Backups${part}`)).length;
    expect(created).toContain(`creates ${shared.length} resources:`);
    expect(created).toContain(`${shared.length - of('Alarms') - of('Pruning')} for the backups:`);
    expect(created).toContain(`${of('Pruning')} for pruning:`);
    expect(created).toContain(`${of('Alarms')} for the alarms:`);
  });

  test('of each database', () => {
    const [none, one, two] = [0, 1, 2].map((databases) => idsOf(databases).length);
    // Without a security group, and with the rule that RDS and EFS need: test/lib/budget.test.ts counts the latter.
    const [least, most] = [two! - one! - 1, two! - one! + 1];
    expect(created).toContain(`Each database adds ${least} to ${most} resources`);
    const tests = idsOf(1).filter((id) => /RestoreTesting(?!RoleOf)/.test(id)).length;
    const rules = one! - none! - (two! - one!) - tests;
    expect(created).toContain(
      `The first database also adds ${rules} EventBridge rules and ${tests} resources for restore`,
    );
    expect(words(readme.prose)).toContain(`Each further database adds ${least} to ${most} resources`);
  });

  test('of the example', () => {
    const { length } = Object.keys(templateOf(readmeApp()).Resources);
    expect(words(readme.prose)).toContain(`This creates ${length} resources`);
    expect(created).toContain(`creates ${length} resources.`);
  });
});

describe('the costs', () => {
  const rows = tableRows(costs.section('A month')).map((row) => row.map((cell) => cell.replaceAll('*', '').trim()));

  test('add up, and the README has the sum', () => {
    const [total, ...items] = rows.map((row) => Number(row.at(-1))).reverse();
    expect(items.reduce((all, item) => all + item, 0)).toBeCloseTo(total!, 5);
    expect(words(readme.prose)).toContain(`[about ${Math.round(total!)} USD a month](docs/costs.md)`);
    expect(words(costs.prose)).toContain(`about ${Math.round(total!)} USD`);
  });

  test('of storage are those of docs/storage-tiers.md', () => {
    const tiers = tableRows(document('docs/storage-tiers.md').section('The sum'));
    const [, cheapest] = tiers.find(([name]) => plain(name!) === 'StorageTiers.cheapest()')!;
    expect(rows.find(([item]) => item!.startsWith('S3'))?.at(-1)).toBe(cheapest);
  });
});

test('the versions are those that the constructs take', () => {
  const section = words(readme.prose).split('Versions: ')[1]!.split(" The backup's version")[0]!;
  const said = [...engines().values()]
    .filter(({ server }) => server)
    .map(({ title, versions }) => [`${title} ${versions.join(', ')}`, `${title} ${versions[0]} to ${versions.at(-1)}`]);
  for (const [each, range] of said)
    expect(section.split(/[;.] ?(?=[A-Z]|$)/)).toContainEqual(expect.stringMatching(`^(?:${each}|${range})$`));
});

test('the email is one that is sent', () => {
  const [shown] = readme.blocks.filter(({ code }) => code.startsWith('Subject: '));
  const email = fs.readFileSync(path.join(ROOT, 'test/lambda/notify/emails/strange-size-table-lost.txt'), 'utf8');
  expect(email.startsWith(shown!.code)).toBe(true);
});

test('it is short', () => {
  expect(fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8').split('\n').length - 1).toBeLessThanOrEqual(180);
});

import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { document, DOCUMENTS, plain, tableRows } from '../../docs/markdown';
import { version } from '../../../package.json';
import { allTexts } from './compose-emails';

const lines = allTexts().flatMap((text) => text.split('\n'));
const commands = (program: string): string[] => [...new Set(lines.filter((line) => line.startsWith(`${program} `)))];

/** What every command of the AWS CLI takes. */
const GLOBAL = ['--region', '--query', '--output'];
/** What the AWS CLI has of its own, with the options that it takes. */
const HIGHER: Readonly<Record<string, readonly string[]>> = {
  's3 ls': ['--recursive'],
  's3 cp': ['--recursive'],
  'ec2 authorize-security-group-ingress': ['--group-id', '--protocol', '--port', '--source-group'],
};
/** The AWS CLI names some parameters otherwise than the API does. */
const RENAMED: Readonly<Record<string, string>> = { 'sns subscribe --notification-endpoint': '--endpoint' };

/** Prints the parameters of each operation of AWS, as options, from the models of botocore. */
const MODELS = `
import botocore.session, json, sys
from botocore import xform_name
session, found = botocore.session.get_session(), {}
for service in json.load(sys.stdin):
    model = session.get_service_model({'s3api': 's3'}.get(service, service))
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        members = shape.members if shape else {}
        key = service + ' ' + xform_name(name, '-')
        found[key] = ['--' + xform_name(member, '-') for member in members]
json.dump(found, sys.stdout)
`;

test('every command of the AWS CLI that an email gives exists, with its options', () => {
  const given = commands('aws').map((line) => {
    const [, service, operation] = line.split(' ');
    // What stands in quotes is a value.
    const options = line.replace(/"[^"]*"|'[^']*'/g, '').match(/ --[a-z-]+/g) ?? [];
    return { line, service: service!, operation: operation!, options: options.map((option) => option.trim()) };
  });
  expect(given.length).toBeGreaterThan(20);
  const services = [...new Set(given.map(({ service }) => service))];
  const python = path.join(__dirname, '../../../.venv/bin/python');
  const output = execFileSync(python, ['-c', MODELS], { input: JSON.stringify(services), encoding: 'utf8' });
  const models = JSON.parse(output) as Record<string, string[]>;
  const wrong = given.flatMap(({ line, service, operation, options }) => {
    const model = HIGHER[`${service} ${operation}`] ?? models[`${service} ${operation}`];
    if (!model) return [line];
    return options
      .map((option) => RENAMED[`${service} ${operation} ${option}`] ?? option)
      .filter((option) => !GLOBAL.includes(option) && !model.includes(option))
      .map((option) => `${option}: ${line}`);
  });
  expect(wrong).toEqual([]);
  for (const { options } of given) expect(options).toContain('--region');
});

test('every command of ours that an email gives is in docs/cli.md, with its options', () => {
  const cli = document('docs/cli.md');
  const names = [...cli.prose.matchAll(/^## proven-backups (.*)$/gm)].map(([, name]) => name!);
  expect(names).toContain('prune');
  const given = commands('npx proven-backups');
  expect(given.length).toBeGreaterThan(5);
  const wrong = given.flatMap((line) => {
    const name = names.find((words) => line.startsWith(`npx proven-backups ${words} `));
    if (name === undefined) return [line];
    const known = tableRows(cli.section(`proven-backups ${name}`)).map(([option]) => plain(option).split(' ')[0]!);
    const options = (line.match(/ --[a-z-]+/g) ?? []).map((option) => option.trim());
    return options.filter((option) => !known.includes(option)).map((option) => `${option}: ${line}`);
  });
  expect(wrong).toEqual([]);
});

test('every page of the documentation that an email links to exists', () => {
  const pages = new Set<string>();
  for (const line of new Set(lines)) {
    expect(line).not.toContain('/blob/main/');
    const [, tag, file, anchor] = /\/blob\/(v[\d.]+)\/((?:docs\/[\w-]+|README)\.md)(?:#(\S+))?$/.exec(line) ?? [];
    if (file === undefined) continue;
    pages.add(file);
    expect(tag).toBe(`v${version}`);
    expect(DOCUMENTS.map((one) => one.file)).toContain(file);
    if (anchor !== undefined) expect([file, document(file).anchors]).toEqual([file, expect.arrayContaining([anchor])]);
  }
  expect(pages.size).toBeGreaterThan(5);
});

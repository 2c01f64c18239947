import type { Json } from '../lib/support';
import { everything } from '../lib/everything';
import { SHAPES } from './apps';
import { appWith, resourcesOf, templates } from './support';

/** `ecs-tasks.amazonaws.com`: the same in all partitions. */
const GLOBAL = ['cloudwatch', 'ecs-tasks', 'events', 'lambda', 'rds', 'scheduler'].map(
  (service) => `${service}.amazonaws.com`,
);
/** Regions outside of the usual partition. */
const REGIONS = ['us-gov-west-1', 'cn-north-1'];

/** All strings in a template. */
function strings(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(strings);
}
const hosts = (all: Record<string, Json>): string[] => [
  ...new Set(strings(all).flatMap((text) => text.match(/[\w.-]*\bamazonaws\.com[\w.]*/g) ?? [])),
];

const shapes = (region: string, name: string) => {
  const app = appWith();
  SHAPES[name]!(app, { env: { region } });
  return templates(app);
};

test.each(Object.keys(SHAPES).flatMap((name) => REGIONS.map((region): [string, string] => [name, region])))(
  '%s: in %s, no ARN and no service is of the usual partition',
  (name, region) => {
    const all = shapes(region, name);
    expect(strings(all).filter((text) => text.includes('arn:aws:'))).toEqual([]);
    expect(hosts(all).filter((host) => !GLOBAL.includes(host))).toEqual([]);
  },
);

test.each(REGIONS)('in %s, the log group may use the key: its service has the suffix of the partition', (region) => {
  const keys = resourcesOf(shapes(region, 'one stack')).filter(([, , { Type }]) => Type === 'AWS::KMS::Key');
  const principals = keys.flatMap(([, , { Properties }]) =>
    Properties.KeyPolicy.Statement.map(({ Principal }: Json) => Principal.Service),
  );
  // In China `logs.cn-north-1.amazonaws.com.cn`.
  expect(principals).toContainEqual({ 'Fn::Join': ['', [`logs.${region}.`, { Ref: 'AWS::URLSuffix' }]] });
});

test('nor where the Region is known at deployment only, in a stack with one of everything', () => {
  const template = everything().template().toJSON();
  expect(strings(template).filter((text) => text.includes('arn:aws:'))).toEqual([]);
});

import { fullDiff, ResourceImpact } from '@aws-cdk/cloudformation-diff';
import type { Json } from '../lib/support';
import type { Resource } from '../support/examples';
import { loadExample, templateOf } from '../support/examples';
import { HOLD_DATA } from './support';
/** What holds data in the examples as 0.1.0 made them, without policies and lifecycles, which never replace anything. */
import BEFORE from './templates-0.1.0.json';

type Resources = Readonly<Record<string, Resource>>;

/** What becomes of the resources that a template holds data in when another one follows it. */
function impacts(before: Resources, after: Resources): Record<string, ResourceImpact> {
  const { changes } = fullDiff({ Resources: before }, { Resources: after }).resources;
  const holders = Object.keys(before).filter((id) => HOLD_DATA.includes(before[id]!.Type));
  return Object.fromEntries(holders.map((id) => [id, changes[id]?.changeImpact ?? ResourceImpact.NO_CHANGE]));
}

const LOSSES: readonly ResourceImpact[] = [
  ResourceImpact.WILL_REPLACE,
  ResourceImpact.MAY_REPLACE,
  ResourceImpact.WILL_DESTROY,
  ResourceImpact.WILL_ORPHAN,
];

describe.each(Object.entries(BEFORE as unknown as Record<string, { Resources: Resources }>))(
  'an update of the example %s from 0.1.0',
  (example, { Resources: before }) => {
    let after: Resources;
    beforeAll(() => (after = templateOf(loadExample(example)).Resources));

    test('keeps every resource that holds data', () => {
      const found = impacts(before, after);
      expect(Object.keys(found)).toEqual(Object.keys(before));
      expect(Object.entries(found).filter(([, impact]) => LOSSES.includes(impact))).toEqual([]);
    });

    test.each<[string, (resources: Json) => void, string]>([
      [
        'another key of the table',
        (all) => (find(all, 'Memory').Properties.KeySchema[0].AttributeName = 'key'),
        'REPLACE',
      ],
      ['a name for the topic', (all) => (find(all, 'Topic').Properties.TopicName = 'backups'), 'REPLACE'],
      ['another id of a key', (all) => delete all[idOf(all, 'Key')], 'DESTROY'],
    ])('would not be believed with %s', (_, change, impact) => {
      const changed = structuredClone(after);
      change(changed);
      expect(Object.values(impacts(before, changed))).toContainEqual(expect.stringContaining(impact));
    });
  },
);

const idOf = (all: Json, text: string): string =>
  Object.keys(all).find((id) => new RegExp(`${text}[A-F0-9]{8}$`).test(id))!;
const find = (all: Json, text: string): Json => all[idOf(all, text)];

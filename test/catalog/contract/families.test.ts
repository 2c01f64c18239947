import { familyOf, familyOfSource, ownerOfFamily, testingOfFamily } from '../../../catalog/contract/families';
import { ACTIONS, taskFamily } from '../../../catalog/contract/task';

const SETTINGS = {
  families: ['Stack-Backups-', 'Stack-'],
  sources: { shop: { family: 0 }, 'shop-eu': { family: 0 }, restore: { family: 0 }, blog: { family: 1 } },
};

test('each action of a source has a family of its own, that of a dump is the shortest', () => {
  expect(ACTIONS.map((action) => familyOfSource(SETTINGS, 'shop', action))).toEqual([
    'Stack-Backups-shop',
    'Stack-Backups-shop_restore',
    'Stack-Backups-shop_prove',
    'Stack-Backups-shop_maintain',
  ]);
  expect(familyOfSource(SETTINGS, 'blog')).toBe('Stack-blog');
  expect(familyOfSource(SETTINGS, 'constructor')).toBeUndefined();
});

test('a family leads back to its source and action, and never to another one', () => {
  const sources = Object.keys(SETTINGS.sources);
  const all = sources.flatMap((source) => ACTIONS.map((action) => ({ source, action })));
  const families = all.map(({ source, action }) => familyOfSource(SETTINGS, source, action)!);
  expect(new Set(families).size).toBe(all.length);
  expect(families.map((family) => ownerOfFamily(SETTINGS, family))).toEqual(all);
});

test.each(['Stack-Backups-', 'Stack-Backups-shop_', 'Stack-Backups-shop_verify', 'Other-shop', ''])(
  '%j is the family of nothing here',
  (family) => expect(ownerOfFamily(SETTINGS, family)).toBeUndefined(),
);

test('settings that name a family that they do not have lead nowhere', () => {
  expect(familyOfSource({ families: [], sources: { shop: { family: 3 } } }, 'shop')).toBeUndefined();
});

test('the family stands in an ARN, before a revision, or alone', () => {
  const family = taskFamily('Stack-', 'shop', 'restore');
  for (const name of [`arn:aws:ecs:eu-west-1:111122223333:task-definition/${family}:7`, `${family}:7`, family])
    expect(familyOf(name)).toBe(family);
});

test.each([
  ['acme-RestoreTesting-_prove0', true],
  ['acme-RestoreTesting-_prove12', true],
  ['acme-shop_prove', false],
  ['acme-RestoreTesting-_prove', false],
  ['acme-_prove0', false],
])('%s runs restore tests of the scope: %s', (family, expected) => {
  const testings = [{ familyPrefix: 'acme-RestoreTesting-', logGroup: 0 }];
  expect(testingOfFamily({ testings }, family) !== undefined).toBe(expected);
  expect(testingOfFamily({}, family)).toBeUndefined();
});

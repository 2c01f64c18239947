import { backupId, backupIdTime, manifestKey, parseManifestKey, sourceNameFault } from '../../../catalog/bucket/names';

test.each(['shop', 's', 'shop-2', '2shop', 'a'.repeat(40)])('source name %p is legal', (name) => {
  expect(sourceNameFault(name)).toBeUndefined();
});

test.each(['', 'Shop', '-shop', 'shop-', 'sh op', 'shop/a', 'a'.repeat(41), 'shöp'])(
  'source name %p is refused',
  (name) => {
    expect(sourceNameFault(name)).toBe(
      `source name must be 1 to 40 lower-case letters, digits and hyphens, starting and ending with a letter or a digit, got: ${JSON.stringify(name)}`,
    );
  },
);

test('a backup id is the time in UTC, to the second, and gives it back', () => {
  const id = backupId(new Date('2026-11-20T02:00:00.987+01:00'));
  expect(id).toBe('2026-11-20T01-00-00Z');
  expect(backupIdTime(id)).toEqual(new Date('2026-11-20T01:00:00Z'));
});

test.each(['2026-11-20', '2026-13-01T00-00-00Z', '2026-02-30T00-00-00Z', '2026-11-20T02:00:00Z', 'lock.json'])(
  '%p is no backup id',
  (id) => expect(backupIdTime(id)).toBeUndefined(),
);

test('the key of a manifest is understood, and no other', () => {
  expect(parseManifestKey(manifestKey('shop', '2026-11-20T02-00-00Z'))).toEqual({
    source: 'shop',
    id: '2026-11-20T02-00-00Z',
  });
  for (const key of [
    'shop/lock.json',
    'shop/2026-11-20T02-00-00Z/shop.sql.zst',
    'shop/2026-11-20T02-00-00Z/deeper/manifest.json',
    'Shop/2026-11-20T02-00-00Z/manifest.json',
    'shop/latest/manifest.json',
    'manifest.json',
  ])
    expect(parseManifestKey(key)).toBeUndefined();
});

import { keyBetween, rowsAtOnce, within } from '../../../engines/mysql/evidence/key-ranges';

test.each([
  ['0', '100', '25'],
  ['-100', '300', '0'],
  ['0', '18446744073709551615', '4611686018427387903'],
])('a quarter of the way from %s to %s is %s', (first, last, between) => {
  expect(keyBetween({ isText: false }, first, last, 0.25)).toBe(between);
});

test('a text between others has what both begin with', () => {
  expect(keyBetween({ isText: true }, 'user-1000', 'user-9000', 0.5)).toBe('user-5');
  expect(keyBetween({ isText: true }, '', '~', 0.5)).toBe('O');
});

test('large rows are read a few at once', () => {
  expect([0, 100, 1024 ** 2, 1024 ** 3].map((rowBytes) => rowsAtOnce({ rowBytes }))).toEqual([10_000, 10_000, 8, 1]);
});

test('what is no number is a text, whatever the evidence says', () => {
  const from = "1' OR '1'='1";
  expect(within({ column: 'a`b', isText: false }, [{ from, to: '9' }])).toBe(
    String.raw`${'`a``b`'} BETWEEN '1\' OR \'1\'=\'1' AND 9`,
  );
});

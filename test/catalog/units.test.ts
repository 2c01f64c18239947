import { countOf, formatBytes, formatCount, formatDuration } from '../../catalog/units';

const KIB = 1024;

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [KIB, '1.0 KiB'],
  [2867, '2.8 KiB'],
  [KIB ** 2 - 1, '1.0 MiB'],
  [1.44 * KIB ** 3, '1.4 GiB'],
  [5000 * KIB ** 5, '5000.0 PiB'],
  [NaN, 'unknown size'],
  [-1, 'unknown size'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [-5, '0 seconds', '0 s'],
  [0.9, '0 seconds', '0 s'],
  [1, '1 second', '1 s'],
  [60, '1 minute', '1 min'],
  [119, '119 seconds', '119 s'],
  [120, '2 minutes', '2 min'],
  [90 * 60 + 59, '90 minutes', '90 min'],
  [3600, '1 hour', '1 h'],
  [3599, '59 minutes', '59 min'],
  [2 * 3600, '2 hours', '2 h'],
  [86_400, '1 day', '1 d'],
  [30 * 3600, '30 hours', '30 h'],
  [14.9 * 3600, '14 hours 54 minutes', '14 h 54 min'],
  [2 * 86_400, '2 days', '2 d'],
  [3 * 86_400 + 4 * 3600 + 59 * 60, '3 days 4 hours', '3 d 4 h'],
  [14 * 86_400 + 23 * 3600, '14 days', '14 d'],
  [NaN, 'an unknown time', '?'],
  [Infinity, 'an unknown time', '?'],
])('%d seconds are %s', (seconds, long, short) => {
  expect(formatDuration(seconds)).toBe(long);
  expect(formatDuration(seconds, 'short')).toBe(short);
});

test('counts', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect(countOf(1, 'backup')).toBe('1 backup');
  expect(countOf(1200, 'entry', 'entries')).toBe('1,200 entries');
});

import { keepNoteText, parseKeepNote } from '../../../catalog/bucket/keep-note';
import { isProven } from '../../../catalog/bucket/verdict';

const ID = '2026-11-20T02-00-00Z';
const passed = { formatVersion: 1, verdict: 'passed', testedAt: '2026-11-20T03:00:00Z' };

test('a verdict proves a backup', () => {
  expect(isProven(JSON.stringify(passed), 'shop', ID)).toBe(true);
  expect(isProven(JSON.stringify({ ...passed, tables: 3, source: 'shop', backupId: ID }), 'shop', ID)).toBe(true);
});

test.each([
  ['failed', JSON.stringify({ ...passed, verdict: 'failed' })],
  ['of another format', JSON.stringify({ ...passed, formatVersion: 2 })],
  ['without a time', JSON.stringify({ ...passed, testedAt: undefined })],
  ['with a word that is not known', JSON.stringify({ ...passed, verdict: 'PASSED' })],
  ['of another source', JSON.stringify({ ...passed, source: 'blog' })],
  ['of another backup', JSON.stringify({ ...passed, source: 'shop', backupId: '2026-11-19T02-00-00Z' })],
  ['that is not JSON', 'passed'],
  ['that is empty', ''],
  ['that is null', 'null'],
])('a verdict %s proves nothing', (_, text) => {
  expect(isProven(text, 'shop', ID)).toBe(false);
});

test('a note is read as it was written', () => {
  const note = { formatVersion: 1, until: '2027-01-01T00:00:00.000Z', reason: 'the auditors want it' } as const;
  expect(parseKeepNote(keepNoteText(note))).toEqual(note);
});

test.each(['', 'keep', '{}', '{"formatVersion":2,"until":"2027-01-01T00:00:00Z","reason":""}', '{"until":"for ever"}'])(
  'no note: %s',
  (text) => expect(parseKeepNote(text)).toBeUndefined(),
);

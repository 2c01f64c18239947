import * as fc from 'fast-check';
import { DIGESTS } from '../../../catalog/contract/alarms';
import type { DigestRow, Problem, Recovery } from '../../../catalog/contract/notification';
import { composeDigest, composeProblems, composeRaw, composeRecoveries } from '../../../lambda/notify/compose/compose';
import { COLUMNS } from '../../../lambda/notify/compose/text';
import type { Composed, Place } from '../../../lambda/notify/compose/place';
import { COMMON_REASONS } from '../../../catalog/contract/failure';
import { allEmails } from './compose-emails';
import { backup, EVERY_CAUSE, PLACE, problem, RECOVERY, row } from './compose-support';

/** Lines that may be longer: commands, statements, links, ARNs. */
const WHOLE =
  /^(npx |aws |docker |echo \| |openssl |GRANT |DO |CREATE |SELECT |ALTER |db\.|RUN apt-get |https:\/\/|(?:\| )?[("']?(https?:\/\/|arn:|\d{12}\.dkr\.)\S+$)/;

function expectReadable(subject: string, text: string): void {
  expect(subject).toMatch(/^[\x20-\x7e]{1,99}$/);
  expect(subject).toBe(subject.trim());
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
  expect(text).toMatch(/[^\n]\n$/);
  const long = text.split('\n').filter((line) => [...line].length > COLUMNS && !WHOLE.test(line));
  expect(long).toEqual([]);
  expect(text).not.toMatch(/ $/m);
}

const publishable = ({ notification, text }: Composed): void => {
  const bytes = Buffer.byteLength(JSON.stringify({ default: JSON.stringify(notification), email: text }));
  expect(bytes).toBeLessThan(262_144);
};

test('all emails are readable, and say nothing that only a program can have meant', () => {
  const emails = allEmails();
  expect(emails.length).toBeGreaterThan(200);
  for (const [name, { notification, text }] of emails) {
    try {
      expectReadable(notification.subject, text);
      const own = text.replace(/cannot read\s+(?:\| )?properties of\s+(?:\| )?undefined/gi, '');
      expect(own).not.toMatch(/undefined|NaN|Invalid Date|\[object|null\b/);
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    }
  }
});

test('an email about a problem begins with what happened, then says what to do, in a sentence each', () => {
  for (const [name, { notification, text }] of allEmails()) {
    if (notification.kind !== 'problem' || notification.test || name === 'raw') continue;
    const paragraphs = text.split('\n\n');
    expect([name, paragraphs[0]]).toEqual([name, expect.stringMatching(/[.!?]$/)]);
    if (notification.problems!.length === 1) {
      expect([name, paragraphs[1]]).toEqual([name, expect.stringMatching(/^What to do: [^]*\.$/)]);
    }
    expect(text).toContain('\nWHAT TO DO');
    expect(text).not.toMatch(/(?<!\.)\.\.(?!\.)|: \./);
  }
});

const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ maxLength: 3000 }),
  fc.constant('x'.repeat(5000)),
);
const time = fc.oneof(fc.constant('2026-11-20T01:00:00Z'), fc.constant('at night'), words);
const number = fc.oneof(fc.double(), fc.nat());
const backups = fc.option(
  fc.record({
    id: words,
    time,
    engine: words,
    engineVersion: words,
    ageSeconds: number,
    bytes: number,
    uncompressedBytes: number,
    rows: number,
    tables: number,
    durationSeconds: number,
  }),
  { nil: undefined },
);
const places: fc.Arbitrary<Place> = fc.constantFrom(PLACE, { ...PLACE, timeZone: 'nowhere' });

const kinds = fc.oneof(words, fc.constantFrom(...COMMON_REASONS, 'address-refused', 'subscriptions', 'constructor'));
const reasons = fc.record(
  {
    kind: kinds,
    host: words,
    port: number,
    account: words,
    database: words,
    object: words,
    privileges: fc.array(words, { maxLength: 3 }),
    statements: fc.array(
      words.map((text) => `GRANT ${text}`),
      { maxLength: 40 },
    ),
    key: words,
    said: words,
  },
  { requiredKeys: ['kind'] },
);

const problems: fc.Arbitrary<Problem[]> = fc
  .tuple(
    fc.constantFrom(...EVERY_CAUSE),
    fc.array(
      fc.record(
        {
          source: words,
          about: words,
          sentence: words,
          since: time,
          times: number,
          newest: backups,
          allowedAgeSeconds: number,
          logLines: fc.array(words, { maxLength: 30 }),
          logGroup: words,
          logStream: words,
          resource: words,
          raw: fc.anything(),
          short: words,
          engine: fc.oneof(words, fc.constantFrom('mysql', 'postgresql', 'constructor')),
          reason: reasons,
          command: fc.record({ id: words, document: words, instanceId: words }),
          task: fc.record({
            arn: words,
            clusterArn: words,
            family: words,
            memory: number,
            scheduledTime: time,
            stoppedAt: time,
          }),
        },
        { requiredKeys: ['about', 'sentence', 'since'] },
      ),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([[signal, cause], all]) => all.map((one) => ({ ...one, signal, cause }) as Problem));

/** Text that others wrote is in it: commands, too, may hold it. Only what is ours can be promised. */
function expectSafe(composed: Composed): void {
  const { notification, text } = composed;
  expect(notification.subject).toMatch(/^[\x20-\x7e]{1,99}$/);
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
  const long = text
    .split('\n')
    .filter(
      (line) =>
        [...line].length > COLUMNS &&
        !/^(npx |aws |docker |echo |openssl |dig |toys |ssl_|[A-Z]|.*https?:|.*arn:)/.test(line),
    );
  expect(long).toEqual([]);
}

test('whatever others write, an email about problems is readable', () => {
  fc.assert(
    fc.property(problems, places, (all, place) => {
      // What JSON cannot hold never came as an event.
      fc.pre(attempt(() => JSON.stringify(all)));
      const composed = composeProblems(all, place);
      expectSafe(composed);
      publishable(composed);
    }),
    { numRuns: 150 },
  );
});

test('whatever others write, emails about recoveries and digests are readable', () => {
  const recoveries = fc.array(
    fc.record({ about: words, source: words, since: time, at: time, times: number, newest: backups }),
    { minLength: 1, maxLength: 5 },
  );
  const rows = fc.array(
    fc.record({
      source: words,
      newest: backups,
      ageSeconds: number,
      allowedAgeSeconds: number,
      usualBytes: number,
      failure: fc.option(words, { nil: undefined }),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(recoveries, rows, fc.constantFrom(...DIGESTS), places, (recovered, table, often, place) => {
      expectSafe(
        composeRecoveries(
          recovered.map((one): Recovery => ({ ...one, signals: ['failed'] })),
          place,
        ),
      );
      expectSafe(
        composeDigest(
          table.map((one): DigestRow => ({ ...one, open: [], findings: [] })),
          place,
          { often },
        ),
      );
    }),
    { numRuns: 100 },
  );
});

function attempt(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

test('what is too long for a message is still published', () => {
  const long = 'why it failed, '.repeat(5000);
  publishable(
    composeProblems(
      Array.from({ length: 300 }, () => problem('failed', 'dumpFailed', { sentence: long })),
      PLACE,
    ),
  );
  publishable(
    composeRecoveries(
      Array.from({ length: 1000 }, () => RECOVERY),
      PLACE,
    ),
  );
  publishable(
    composeDigest(
      Array.from({ length: 1000 }, (_, index) => row(`source-${index}`, { newest: backup(2) })),
      PLACE,
      { often: 'daily' },
    ),
  );
});

describe('the raw event', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const hostile = {
    get detail() {
      throw new Error('no');
    },
    toString() {
      throw new Error('no');
    },
  };
  const untold = Object.create(null) as object;
  const values = {
    circular,
    hostile,
    untold,
    big: 10n,
    none: undefined,
    symbol: Symbol('x'),
    long: 'x'.repeat(500_000),
    lone: '\ud800',
  };

  test.each(Object.entries(values))('never throws: %s', (_name, raw) => {
    const composed = composeRaw(raw, 'TypeError: it broke', { ...PLACE, now: new Date(NaN) });
    expectSafe(composed);
    publishable(composed);
    expect(composed.notification.problems).toHaveLength(1);
  });

  test('tells the event, and why there is no better email', () => {
    fc.assert(
      fc.property(fc.anything(), words, (raw, why) => {
        expectSafe(composeRaw(raw, why, PLACE));
      }),
      { numRuns: 100 },
    );
    expect(composeRaw({ id: 'event-7' }, 'it broke', PLACE).text).toMatch(/it broke[^]*"id": "event-7"/);
  });
});

import type { DigestRow, Problem, Recovery } from '../../catalog/contract/notification';
import { errorText } from '../shared/errors';
import { logLine } from '../shared/log';
import type { DigestOptions } from './compose/compose';
import { shownRaw } from './compose/masked';
import type { Composed, Place } from './compose/place';
import type { Told } from './problems/enrich';
import { chunks, groupBy, kindOf } from './problems/group';
import type { Publish } from './ports';

/** An email names at most so many. */
const NAMED = 300;

/** Writes emails. */
export interface Composer {
  readonly composeProblems: (problems: readonly Problem[], place: Place) => Composed;
  readonly composeRecoveries: (recoveries: readonly Recovery[], place: Place) => Composed;
  readonly composeDigest: (rows: readonly DigestRow[], place: Place, options: DigestOptions) => Composed;
  /** Of what could not be written otherwise. */
  readonly composeRaw: (raw: unknown, why: string, place: Place) => Composed;
}

/** Who is told, and how. */
export interface Teller {
  readonly composer: Composer;
  readonly publish: Publish;
  readonly place: Place;
}

/** What shares an email. */
export interface Group {
  readonly what: string;
  readonly told: readonly Told[];
}

/** Who reads 300 emails reads none. */
export function groups(told: readonly Told[]): Group[] {
  const problems = told.filter(({ problem }) => problem);
  const recoveries = told.filter(({ recovery }) => recovery);
  return [
    ...groupBy(problems, ({ problem }) => kindOf(problem!)),
    ...(recoveries.length > 0 ? [['recovered', recoveries] as const] : []),
  ].flatMap(([what, all]) => chunks(all, NAMED).map((some) => ({ what, told: some })));
}

/** Publishes one email. @returns whether it was published */
export function tellGroup({ what, told }: Group, teller: Teller): Promise<boolean> {
  const { composer, place } = teller;
  const problems = told.flatMap(({ problem }) => problem ?? []);
  const recoveries = told.flatMap(({ recovery }) => recovery ?? []);
  return tell(
    what,
    told.map(({ of }) => of),
    { problems, recoveries },
    () =>
      problems.length > 0 ? composer.composeProblems(problems, place) : composer.composeRecoveries(recoveries, place),
    teller,
  );
}

/** Publishes a digest. @returns whether it was published */
export const tellDigest = (rows: readonly DigestRow[], options: DigestOptions, teller: Teller): Promise<boolean> =>
  tell(
    'digest',
    rows.map(({ source }) => source),
    { digest: rows },
    () => teller.composer.composeDigest(rows, teller.place, options),
    teller,
  );

/**
 * Publishes facts that nobody could put into words.
 *
 * @returns whether they were published
 */
export const tellRaw = (what: string, facts: unknown, why: string, teller: Teller): Promise<boolean> =>
  send(what, [], () => rawOf(what, facts, why, teller), teller);

async function tell(
  what: string,
  of: readonly string[],
  facts: Readonly<Record<string, unknown>>,
  compose: () => Composed,
  teller: Teller,
): Promise<boolean> {
  let composed: Composed;
  try {
    composed = compose();
  } catch (error) {
    const why = errorText(error);
    logLine('error', 'not-composed', `the email "${what}" could not be written, the facts follow as they are: ${why}`, {
      of,
    });
    // Who is concerned comes first: of the rest not all may fit.
    const names = [...new Set(of)];
    return send(what, of, () => rawOf(`${what} ${names.join(', ')}`, { of: names, ...facts }, why, teller), teller);
  }
  return send(what, of, () => composed, teller);
}

async function send(what: string, of: readonly string[], compose: () => Composed, teller: Teller): Promise<boolean> {
  try {
    const { notification, text } = compose();
    await teller.publish(notification, text);
    logLine('info', 'published', `published: ${notification.subject}`, { what, of });
    return true;
  } catch (error) {
    logLine('error', 'not-published', `the email "${what}" could not be published: ${errorText(error)}`, { what, of });
    return false;
  }
}

function rawOf(what: string, facts: unknown, why: string, { composer, place }: Teller): Composed {
  const subject = `BACKUP ALARM (raw): ${what}`;
  try {
    const { notification, text } = composer.composeRaw(facts, why, place);
    return { notification: { ...notification, subject }, text };
  } catch {
    const { account, region, bucket, now } = place;
    const head = {
      formatVersion: 1,
      kind: 'problem',
      subject,
      at: now.toISOString(),
      account,
      region,
      bucket,
    } as const;
    return { notification: head, text: `${why}\n\n${shownRaw(facts)}\n` };
  }
}

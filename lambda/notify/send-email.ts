import type { DigestRow, NewNotes, Problem, Recovery } from '../../catalog/contract/notification';
import { groupBy } from '../../catalog/group-by';
import { errorText } from '../shared/errors';
import { logLine } from '../shared/log';
import type { DigestOptions } from './compose/compose';
import { shownRaw } from './compose/masked';
import type { Composed, Place } from './compose/place';
import type { Told } from './problems/enrich';
import { chunks, kindOf } from './problems/group';
import type { Publish } from './ports';

/** Sources that an email names. */
const NAMED = 300;

/** Composes emails. */
export interface Composer {
  readonly composeProblems: (problems: readonly Problem[], place: Place) => Composed;
  readonly composeRecoveries: (recoveries: readonly Recovery[], place: Place) => Composed;
  readonly composeNotes: (notes: readonly NewNotes[], place: Place) => Composed;
  readonly composeDigest: (rows: readonly DigestRow[], place: Place, options: DigestOptions) => Composed;
  /** For facts that could not be composed otherwise. */
  readonly composeRaw: (raw: unknown, why: string, place: Place) => Composed;
}

/** Composes and publishes emails. */
export interface Sender {
  readonly composer: Composer;
  readonly publish: Publish;
  readonly place: Place;
}

/** Problems, recoveries or notes that share an email. */
export interface Group {
  readonly what: string;
  readonly told: readonly Told[];
}

/** Groups emails: nobody reads 300 of them. */
export function groups(told: readonly Told[]): Group[] {
  const problems = told.filter(({ problem }) => problem);
  const recoveries = told.filter(({ recovery }) => recovery);
  const notes = told.filter((one) => one.notes);
  return [
    ...groupBy(problems, ({ problem }) => kindOf(problem!)),
    ...(recoveries.length > 0 ? [['recovered', recoveries] as const] : []),
    ...(notes.length > 0 ? [['note', notes] as const] : []),
  ].flatMap(([what, all]) => chunks(all, NAMED).map((some) => ({ what, told: some })));
}

/** Sends the email of a group. @returns whether it was sent */
export function sendGroup({ what, told }: Group, sender: Sender): Promise<boolean> {
  const { composer, place } = sender;
  const problems = told.flatMap(({ problem }) => problem ?? []);
  const recoveries = told.flatMap(({ recovery }) => recovery ?? []);
  const notes = told.flatMap((one) => one.notes ?? []);
  return composeAndSend(
    what,
    told.map(({ key }) => key),
    { problems, recoveries, notes },
    () => {
      if (notes.length > 0) return composer.composeNotes(notes, place);
      return problems.length > 0
        ? composer.composeProblems(problems, place)
        : composer.composeRecoveries(recoveries, place);
    },
    sender,
  );
}

/** Sends a digest. @returns whether it was sent */
export const sendDigest = (rows: readonly DigestRow[], options: DigestOptions, sender: Sender): Promise<boolean> =>
  composeAndSend(
    'digest',
    rows.map(({ source }) => source),
    { digest: rows },
    () => sender.composer.composeDigest(rows, sender.place, options),
    sender,
  );

/**
 * Sends facts as they are.
 *
 * @returns whether they were sent
 */
export const sendRaw = (what: string, facts: unknown, why: string, sender: Sender): Promise<boolean> =>
  send(what, [], () => composedRaw(what, facts, why, sender), sender);

async function composeAndSend(
  what: string,
  keys: readonly string[],
  facts: Readonly<Record<string, unknown>>,
  compose: () => Composed,
  sender: Sender,
): Promise<boolean> {
  let composed: Composed;
  try {
    composed = compose();
  } catch (error) {
    const why = errorText(error);
    logLine(
      'error',
      'not-composed',
      `the email "${what}" could not be composed, the facts are sent as they are: ${why}`,
      {
        keys,
      },
    );
    // The names come first: the rest may not fit.
    const names = [...new Set(keys)];
    const title = `${what} ${names.join(', ')}`;
    return send(what, keys, () => composedRaw(title, { about: names, ...facts }, why, sender), sender);
  }
  return send(what, keys, () => composed, sender);
}

async function send(what: string, keys: readonly string[], compose: () => Composed, sender: Sender): Promise<boolean> {
  try {
    const { notification, text } = compose();
    await sender.publish(notification, text);
    logLine('info', 'published', `published: ${notification.subject}`, { what, keys });
    return true;
  } catch (error) {
    logLine('error', 'not-published', `the email "${what}" could not be published: ${errorText(error)}`, {
      what,
      keys,
    });
    return false;
  }
}

function composedRaw(what: string, facts: unknown, why: string, { composer, place }: Sender): Composed {
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

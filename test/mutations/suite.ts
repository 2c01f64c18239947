import * as fs from 'node:fs';
import * as path from 'node:path';
import { CHECKS } from '../../catalog/bucket/verdict';
import { inMatrix } from '../servers/versions';
import { KINDS, type Damage, type Damages, type Kind } from './kinds';
import { outcomeOf, type Outcome, type Subject } from './subject';

/** Tests that run at once. */
const AT_ONCE = 2;
/** Numbers of the only kinds to try, to look into some: `MUTATIONS=20,24`. */
const ONLY = process.env.MUTATIONS?.split(',').map(Number);
const REPORTS = path.resolve(__dirname, '../../dist/mutations');

/** Something that is done to the chain, and what the test said. */
interface Trial {
  readonly title: string;
  readonly damage: Damage;
  readonly isUnderLoad?: boolean;
  outcome?: Outcome;
}

type Line = { readonly kind: Kind } & (Trial | { readonly why: string });

const ALL_KINDS = Object.keys(KINDS).map(Number) as Kind[];
/** A server takes seconds for each kind: in a run without `--matrix`, each third has to do. */
const THIRD = inMatrix(
  ALL_KINDS,
  ALL_KINDS.filter((kind) => ONLY?.includes(kind) ?? kind % 3 === 0),
);

/** Each kind at the latest place where it can happen; with `--matrix`, at all its places. */
const linesOf = (damages: Damages, kinds: readonly Kind[]): Line[] =>
  kinds.flatMap((kind): Line[] => {
    if (ONLY && !ONLY.includes(kind)) return [];
    const damage = damages[kind];
    if (typeof damage === 'string') return [{ kind, why: damage }];
    const all = [damage].flat();
    const latest = all.find(({ at }) => at === 'restored') ?? all.at(-1)!;
    const titleOf = (one: Damage) => `${kind} ${KINDS[kind]}, ${one.at}${'sql' in one ? `: ${one.sql}` : ''}`;
    return inMatrix(all, [latest]).map((one) => ({ kind, title: titleOf(one), damage: one }));
  });

/** What must not be seen: by the same ways as the damages, so that nothing but these can be what is seen. */
const harmlessTrials = ({ harmless, nothing = 'SELECT 1' }: MutationSuite): Trial[] => [
  { title: 'a backup that was taken under write load', damage: asItWas(), isUnderLoad: true },
  { title: 'a dump of the same again', damage: { at: 'dump', sql: nothing } },
  ...harmless.map((sql) => ({ title: sql, damage: { at: 'restored', sql } as const })),
];

const asItWas = (): Damage => ({ at: 'manifest', edit: (manifest) => manifest });

/** An engine, or one version of it. */
export interface MutationSuite {
  readonly start: () => Promise<Subject>;
  readonly damages: Damages;
  /** Statements in the restored server that change nothing that counts. */
  readonly harmless: readonly string[];
  /** A statement that does nothing. @default SELECT 1 */
  readonly nothing?: string;
  /** Whether the server sums up rows. @default true */
  readonly hasDigests?: boolean;
  /** Whether it has a server. @default false */
  readonly hasServer?: boolean;
}

/** Describes the mutation score of an engine: 100 %, and no false alarm. */
export function describeMutations(title: string, suite: MutationSuite): void {
  const { start, damages, hasDigests = true, hasServer } = suite;
  describe(`restore tests of ${title}`, () => {
    const lines = linesOf(damages, hasServer ? THIRD : ALL_KINDS);
    const damaged = lines.filter((line) => 'damage' in line);
    const others = harmlessTrials(suite);

    beforeAll(async () => {
      const subject = await start();
      try {
        const all = [...others, ...damaged];
        const waiting = [...all];
        const work = async () => {
          for (let trial = waiting.shift(); trial; trial = waiting.shift())
            trial.outcome = await outcome(subject, `trial-${all.indexOf(trial)}`, trial);
        };
        await Promise.all(Array.from({ length: AT_ONCE }, work));
      } finally {
        await subject.stop();
      }
      const table = tableOf(title, lines);
      fs.mkdirSync(REPORTS, { recursive: true });
      fs.writeFileSync(path.join(REPORTS, `${title}.md`), table);
      // What tests write to `process.stdout` is not shown.
      fs.writeSync(1, table);
    }, 1_800_000);

    test.each(others)('prove $title', ({ outcome }) => {
      const { fault, verdict } = outcome!;
      expect({ fault, differences: verdict?.differences, verdict: verdict?.verdict }).toEqual({
        ...{ fault: '', differences: [], verdict: 'passed' },
      });
    });

    test.each(damaged)('see $title', ({ damage, outcome }) => {
      const { fault, caught, verdict } = outcome!;
      expect({ fault, caught }).toEqual({ fault: '', caught: expect.arrayContaining([expect.any(String)]) });
      // What the server itself says has to show it too: a second dump cannot see what the first one lost.
      const isAsked = verdict?.checks?.some(({ check, result }) => check === 'inventory' && result !== 'not-run');
      const canBeSaid = hasDigests || verdict?.differences?.some(({ kind }) => kind !== 'rows');
      if (damage.at === 'restored' && isAsked && canBeSaid) expect(caught).not.toEqual(['sections']);
    });
  });
}

async function outcome(subject: Subject, name: string, { damage, isUnderLoad }: Trial): Promise<Outcome> {
  const manifest = isUnderLoad ? await subject.backUpUnderLoad() : subject.manifest;
  return outcomeOf({ ...subject, manifest }, name, damage);
}

const isCaught = ({ outcome }: Trial): boolean => outcome?.fault === '' && outcome.caught.length > 0;

/** The table: damage × check. */
function tableOf(title: string, lines: readonly Line[]): string {
  const damaged = lines.filter((line) => 'damage' in line);
  const rows = lines.map((line) => {
    const seen = CHECKS.map((check) => ('damage' in line && line.outcome?.caught.includes(check) ? 'x' : ''));
    return `| ${[line.kind, KINDS[line.kind], 'damage' in line ? line.damage.at : `– ${line.why}`, ...seen].join(' | ')} |`;
  });
  return [
    `\n## ${title}: ${damaged.filter(isCaught).length} of ${damaged.length} damages caught\n`,
    `| | damage | where | ${CHECKS.join(' | ')} |`,
    `| --- | --- | --- |${CHECKS.map(() => ' --- |').join('')}`,
    ...rows,
    '',
  ].join('\n');
}

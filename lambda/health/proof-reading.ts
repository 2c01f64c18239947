/** What the restore tests of a source have found, by the verdicts in its catalog. */
import type { StoredFolder } from '../../catalog/bucket/inventory';
import { Judgement } from '../../catalog/bucket/judgement';
import type { Verdict } from '../../catalog/bucket/verdict';
import { storedVerdict } from '../../catalog/bucket/verdict';
import type { ProvenBackup, TestFacts } from '../../catalog/contract/alarms';

/** Differences of a restore test that are told, and characters of a name or a value. */
const DIFFERENCES = 10;
const TEST_TEXT = 300;

/** Reads a small object; `undefined` if it is gone. */
export type ReadText = (key: string) => Promise<string | undefined>;

/** What restore tests say of a source. */
export interface Proof {
  /** The newest proven backup. */
  readonly proven?: Pick<ProvenBackup, 'id' | 'testedAt' | 'loadSeconds'>;
  /** The last restore test that failed, as long as its {@link Judgement failure stands}; otherwise the last that found nothing wrong. */
  readonly test?: TestFacts;
  /** The last that could not run, if no other one followed. */
  readonly untested?: TestFacts;
  /** The oldest backup since the newest proven one whose restore test failed. */
  readonly failingSince?: string;
}

/** The same, with the result of each backup that was judged, from the newest one to the newest that is proven. */
export interface FoundProof extends Proof {
  readonly results: ReadonlyMap<string, 'passed' | 'failed'>;
}

/**
 * Reads the verdicts.
 *
 * @param folders with a manifest, newest first
 * @param counts whether a backup that was proved is whole, and no safety backup of a restore
 * @param last what {@link Proof.test} was before: that a backup was pruned ends no failure
 */
export async function readProof(
  read: ReadText,
  source: string,
  folders: readonly StoredFolder[],
  counts: (folder: StoredFolder) => Promise<boolean>,
  last?: TestFacts,
): Promise<FoundProof> {
  const tested = folders.filter(({ verdict }) => verdict !== undefined);
  const verdicts = new Map<string, Verdict | undefined>();
  const results = new Map<string, 'passed' | 'failed'>();
  const verdictOf = async ({ id, verdict }: StoredFolder): Promise<Verdict | undefined> => {
    if (!verdicts.has(id)) verdicts.set(id, storedVerdict((await read(verdict!.key)) ?? '', source, id));
    const found = verdicts.get(id);
    if (found && found.verdict !== 'not-run') results.set(id, found.verdict);
    return found;
  };
  const tests = tested.map((folder) => ({
    ...{ id: folder.id, at: folder.verdict!.lastModified.getTime() },
    facts: async () => {
      const found = await verdictOf(folder);
      return found && testFacts(folder.id, found);
    },
  }));
  if (last?.result === 'failed' && !tested.some(({ id }) => id === last.id)) {
    tests.push({ id: last.id, at: Date.parse(last.testedAt), facts: async () => last });
  }
  const judgement = new Judgement<TestFacts>();
  for (const { id, facts } of tests.sort((a, b) => b.at - a.at)) {
    const test = judgement.asksFor(id) ? await facts() : undefined;
    if (test) judgement.add(test);
  }
  const { failed, good, untested } = judgement;
  const test = failed ?? good;
  let failingSince: string | undefined;
  const proven = await firstOf(tested, async (folder) => {
    const found = await verdictOf(folder);
    if (found?.verdict === 'failed') failingSince = folder.id;
    if (found?.verdict !== 'passed') return undefined;
    if (!(await counts(folder))) return undefined;
    const { testedAt, loadSeconds } = found;
    return { id: folder.id, testedAt, ...(loadSeconds !== undefined && { loadSeconds }) };
  });
  return {
    results,
    ...(proven && { proven }),
    ...(test && { test }),
    ...(untested && { untested }),
    ...(failingSince !== undefined && { failingSince }),
  };
}

/** A restore test, short enough for messages and the table. */
function testFacts(id: string, verdict: Verdict): TestFacts {
  const { testedAt, differences = [], differenceCount = differences.length, reason, loadSeconds } = verdict;
  const cut = <T extends object>(of: T): T =>
    Object.fromEntries(
      Object.entries(of).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, TEST_TEXT) : value]),
    ) as T;
  const { engine, serverVersion } = verdict;
  return {
    ...{ id, testedAt, result: verdict.verdict },
    ...(differences.length > 0 && { differences: differences.slice(0, DIFFERENCES).map(cut), differenceCount }),
    ...(reason && { reason: cut(reason) }),
    ...(engine !== undefined && { engine }),
    ...(serverVersion !== undefined && { serverVersion }),
    ...(loadSeconds !== undefined && { loadSeconds }),
  };
}

/** The first answer about items, one after the other. */
export async function firstOf<T, R>(
  items: readonly T[],
  of: (item: T) => Promise<R | undefined>,
): Promise<R | undefined> {
  for (const item of items) {
    const found = await of(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

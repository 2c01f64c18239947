import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { DataObject, Manifest } from '../../catalog/bucket/manifest';
import { objectKey } from '../../catalog/bucket/names';
import { CHECKS, type ProofCheck, type Verdict } from '../../catalog/bucket/verdict';
import { prove, type ProveOptions, type ProveResult } from '../prove/support';
import type { RestoreScene } from '../restore/support';
import type { Damage } from './kinds';

/** A database that uses every feature of its engine, and its backup. */
export interface Subject {
  readonly scene: RestoreScene;
  /** Its backup. */
  readonly manifest: Manifest;
  /** Who tests it, and where. */
  readonly options: ProveOptions;
  /** How the hook reaches the restored server; nothing of an engine without one. */
  readonly hook?: { readonly tool: string; readonly client: readonly string[] };
  /** A backup of the source after some statements, which change nothing for the next. */
  backUpAfter(sql: string): Promise<Manifest>;
  /** The bytes of an object of such a backup, where that can be had without one. */
  bytesAfter?(sql: string, bytes: Buffer): Promise<Buffer>;
  /** A backup that is taken while others write, and of a table without a key that several connections load at once. */
  backUpUnderLoad(): Promise<Manifest>;
  stop(): Promise<void>;
}

/** How a damage ended. */
export interface Outcome {
  readonly caught: readonly ProofCheck[];
  readonly verdict: Verdict | undefined;
  /** What went wrong in the test of the test; empty if nothing did. */
  readonly fault: string;
}

/** Makes a backup while somebody writes, one round after the other. */
export async function underLoad(
  backUp: () => Promise<Manifest>,
  write: (round: number) => Promise<unknown>,
): Promise<Manifest> {
  let [rounds, isOver] = [0, false];
  const writing = (async () => {
    while (!isOver) await write(++rounds);
  })();
  try {
    return await backUp();
  } finally {
    isOver = true;
    await writing;
    expect(rounds).toBeGreaterThan(1);
  }
}

const HOOK = path.join(__dirname, 'hook.cjs');

const isData = ({ kind }: DataObject): boolean => kind !== 'evidence';

/**
 * Gives a copy of a backup to a source of its own.
 *
 * @param edit changes the bytes of an object before compression, which its new manifest knows
 */
function copyOf(
  { scene: { s3 } }: Subject,
  manifest: Manifest,
  source: string,
  edit: (bytes: Buffer, object: DataObject) => Buffer = (bytes) => bytes,
): Manifest {
  const objects = manifest.objects.map((object): DataObject => {
    const key = objectKey(source, manifest.backupId, path.basename(object.key));
    const stored = s3.get(object.key);
    const before = zstdDecompressSync(stored);
    const after = edit(before, object);
    const body = after.equals(before) ? stored : zstdCompressSync(after);
    s3.put(key, body);
    const sha256 = createHash('sha256').update(body).digest('hex');
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    const sums = { sha256, crc32: sum.toString('base64') };
    return { ...object, key, ...sums, bytes: body.length, uncompressedBytes: after.length };
  });
  return { ...manifest, source, objects };
}

/** Damages a copy of the backup as a source of this name. */
async function damaged(subject: Subject, source: string, damage: Damage): Promise<Manifest> {
  const { scene, manifest } = subject;
  const { s3 } = scene;
  const plain = () => copyOf(subject, manifest, source);
  switch (damage.at) {
    case 'restored':
      return plain();
    case 'source':
      return copyOf(subject, await subject.backUpAfter(damage.sql), source);
    case 'dump': {
      if (subject.bytesAfter) {
        const { key } = manifest.objects.find(isData)!;
        const after = await subject.bytesAfter(damage.sql, zstdDecompressSync(s3.get(key)));
        return copyOf(subject, manifest, source, (bytes, object) => (object.key === key ? after : bytes));
      }
      const other = await subject.backUpAfter(damage.sql);
      // The server has said the truth; the dump tool has not dumped it. Some files have the name of their source.
      const dumped = other.objects.filter(isData);
      if (dumped.length !== manifest.objects.filter(isData).length) throw new Error('it has other objects');
      const objects = manifest.objects.map((object) => (isData(object) ? dumped.shift()! : object));
      return copyOf(subject, { ...manifest, objects }, source);
    }
    case 'stored': {
      const { edit, object: wanted = /./ } = damage;
      let isEdited = false;
      const copy = copyOf(subject, manifest, source, (bytes, object) => {
        if (isEdited || !isData(object) || !wanted.test(object.key)) return bytes;
        const after = edit(bytes);
        isEdited = !after.equals(bytes);
        return after;
      });
      if (!isEdited) throw new Error('the edit changed nothing');
      return copy;
    }
    case 'transit': {
      const copy = plain();
      const { key } = copy.objects.find(isData)!;
      const after = damage.edit(s3.get(key));
      if (after) s3.put(key, after);
      else s3.remove(key);
      return copy;
    }
    case 'manifest':
      return damage.edit(plain());
  }
}

/** Damages the chain in one way, tests, and says who saw it. */
export async function outcomeOf(subject: Subject, name: string, damage: Damage): Promise<Outcome> {
  try {
    const manifest = await damaged(subject, name, damage);
    subject.scene.putManifest(manifest);
    const result = await prove(subject.scene, manifest, withHook(subject, damage));
    const seen = judged(result);
    const fault = faultOf(result, damage);
    // Else it is another damage than the one that it is called.
    if (fault === '' && seen.caught.includes('bytes') !== (damage.at === 'transit'))
      return { ...seen, fault: `the manifest does not match: ${result.failure}` };
    return { ...seen, fault };
  } catch (error) {
    return { caught: [], verdict: undefined, fault: (error as Error).message };
  }
}

function withHook({ scene, options, hook }: Subject, damage: Damage): ProveOptions {
  if (damage.at !== 'restored') return options;
  const copy = path.join(scene.directory, 'hook.cjs');
  if (!fs.existsSync(copy)) fs.copyFileSync(HOOK, copy);
  const environment = {
    ...options.environment,
    NODE_OPTIONS: `--no-warnings --require=${copy}`,
    MUTATION: JSON.stringify({ sql: damage.sql, ...hook }),
  };
  return { ...options, environment };
}

function judged({ verdict, stored, exit }: ProveResult): Pick<Outcome, 'caught' | 'verdict'> {
  const isSeen = exit === 'notProven' && verdict?.verdict === 'failed' && stored?.verdict === 'failed';
  const failed = verdict?.checks?.filter(({ result }) => result === 'failed').map(({ check }) => check) ?? [];
  return { caught: isSeen ? CHECKS.filter((check) => failed.includes(check)) : [], verdict };
}

function faultOf({ log, exit, failure }: ProveResult, damage: Damage): string {
  const refused = log.find(({ event }) => event === 'not-mutated')?.message;
  if (refused !== undefined) return `the damage could not be done: ${refused}`;
  if (damage.at === 'restored' && !log.some(({ event }) => event === 'mutated'))
    return `the second dump did not begin: ${exit}: ${failure}`;
  return exit === 'notProven' || exit === 'success' ? '' : `it ended as ${exit}: ${failure}`;
}

import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { parseEvidence, type Evidence } from '../../catalog/bucket/evidence';
import { databasesOf } from '../../catalog/bucket/manifest';
import type { DumpJob } from '../../catalog/contract/task';
import type {
  DumpFacts,
  DumpStream,
  EngineContext,
  EngineDump,
  RowListener,
  ScratchTarget,
} from '../../engines/engine';
import { firstCause, storeStreams } from '../dump/pipeline';
import { untilAborted } from '../run/until-aborted';
import { DumpSections } from './compare/sections';
import type { ProofContext } from './context';
import { isData } from './load';

/** What a dump of the restored server has. */
export interface SecondDump {
  readonly sections: DumpSections;
  readonly evidence: Evidence | undefined;
  readonly facts: DumpFacts;
}

/** How the throw-away server is dumped. */
export interface SecondDumpOptions {
  readonly target: ScratchTarget;
  /** A directory for option files. */
  readonly scratch: string;
  /** Hears of rows; without it, the sections are read. */
  readonly rows?: RowListener;
}

/**
 * Dumps the throw-away server with the tool and the arguments of the backup. Nothing of it is stored.
 *
 * @throws BackupError if the dump fails; then the tool is gone
 */
export async function dumpAgain(context: ProofContext, options: SecondDumpOptions): Promise<SecondDump> {
  const { sections: sectionsOf, engine, signal, meter } = context;
  const dump: EngineDump = engine.createDump(dumpContext(context, options));
  const sections = new DumpSections();
  let evidence: Evidence | undefined;
  if (!options.rows) meter.begin('dumping');
  try {
    await untilAborted(signal, dump.preflight());
    await storeStreams(dump.streams(), 1, signal, (stream, stop) =>
      reading(stream, stop, async () => {
        if (!isData(stream)) {
          const answers = await text(Readable.from(passing(stream)));
          if (!options.rows) evidence = parseEvidence(answers);
          return;
        }
        const reader = sectionsOf(stream, options.rows);
        for await (const chunk of passing(stream)) {
          reader.see(chunk);
          if (!options.rows) meter.add('dumping', chunk.length, stream.table());
        }
        sections.add(stream.file, reader);
      }),
    );
    return { sections, evidence, facts: await untilAborted(signal, dump.facts()) };
  } finally {
    await dump.close();
  }
}

/** Reads a stream to its end, which must be a good one. */
async function reading(stream: DumpStream, signal: AbortSignal, read: () => Promise<void>): Promise<void> {
  try {
    await untilAborted(signal, read());
    await untilAborted(signal, stream.succeeded());
  } catch (error) {
    await stream.stop();
    signal.throwIfAborted();
    throw await firstCause(stream, error);
  }
}

async function* passing(stream: DumpStream): AsyncGenerator<Buffer> {
  for await (const chunk of stream.bytes as AsyncIterable<Buffer>) {
    stream.inspect(chunk);
    yield chunk;
  }
}

function dumpContext(context: ProofContext, { target, scratch, rows }: SecondDumpOptions): EngineContext {
  const { job, manifest, evidence, log, signal } = context;
  const { options = {} } = manifest;
  // Other databases of the server are its own.
  const databases = options.databases ?? databasesOf(manifest);
  const dumpJob: DumpJob = {
    ...{ action: 'dump', source: job.source, engine: manifest.engine, engineVersion: target.serverVersion },
    ...{ bucket: job.bucket, keyArn: job.keyArn, compressionLevel: 1, timeoutSeconds: job.timeoutSeconds },
    scratchDirectory: scratch,
    ...(target.server && { server: { ...target.server, ...options, databases } }),
    ...(target.file === undefined ? {} : { file: target.file }),
    ...(target.files && { files: target.files }),
  };
  return {
    run: { job: dumpJob, trigger: 'on-demand', ...(target.credentials && { credentials: target.credentials }) },
    ...{ log, scratch, signal, thrownAway: true, ...(manifest.repository && { listOnly: true }) },
    // They are of the backup, too, which has told them.
    note: () => undefined,
    digests: evidence && !rows ? { kind: 'same', evidence } : { kind: 'none' },
  };
}

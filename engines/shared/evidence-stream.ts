import { Readable } from 'node:stream';
import { EVIDENCE_FILE, type Evidence } from '../../catalog/bucket/evidence';
import type { DumpStream } from '../engine';

/** Evidence as the last stream of a dump. */
export function evidenceStream(evidence: Evidence): DumpStream {
  const bytes = Readable.from([Buffer.from(JSON.stringify(evidence))], { objectMode: false });
  return {
    ...{ file: EVIDENCE_FILE, kind: 'evidence', format: 'json', databases: [], bytes },
    inspect: () => undefined,
    table: () => undefined,
    succeeded: () => Promise.resolve(),
    stop: () => Promise.resolve(void bytes.destroy()),
  };
}

import type { EngineProgram } from '../engine';
import { MongodbDump } from './dump';
import { MONGODB_PROOF } from './proof/proof';
import { MongodbRestore } from './restore/restore';

/** MongoDB. */
export const MONGODB_PROGRAM: EngineProgram = {
  createDump: (context) => new MongodbDump(context),
  createRestore: (context) => new MongodbRestore(context),
  proof: MONGODB_PROOF,
};

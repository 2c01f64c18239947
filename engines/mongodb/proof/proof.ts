import type { EngineProof } from '../../engine';
import { MongodbScratchServer } from './scratch-server';
import { MongodbSections, type BackupOplog } from './sections';

/** Restore tests of MongoDB. */
export const MONGODB_PROOF: EngineProof = {
  createScratchServer: (context) => new MongodbScratchServer(context),
  sections: () => {
    const oplog: BackupOplog = {};
    return (object, rows) => new MongodbSections(oplog, object, rows);
  },
};

// The tools of MongoDB, and FerretDB, a server that speaks its protocol.
import { GoPrograms } from './go-programs.mjs';

const TOOLS = 'github.com/mongodb/mongo-tools';

export const MONGODB = new GoPrograms({
  module: 'test/servers/mongodb',
  folder: 'mongodb',
  packages: {
    mongodump: `${TOOLS}/mongodump/main`,
    mongorestore: `${TOOLS}/mongorestore/main`,
    bsondump: `${TOOLS}/bsondump/main`,
    ferretdb: 'github.com/FerretDB/FerretDB/v2/cmd/ferretdb',
  },
  // What the tools say of themselves: the release that the pinned commit follows.
  release: '-X main.VersionStr=100.12.2 -X main.GitCommit=887641268977',
});

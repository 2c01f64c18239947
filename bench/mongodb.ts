import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Document, MongoClient } from 'mongodb';
import { Decimal128, Int32 } from 'mongodb';
import { mongodStandIn } from '../test/servers/mongod';
import { MongodbServer } from '../test/servers/mongodb';
import { numberOf } from '../test/servers/versions';
import { interrupted } from './interrupt';
import type { Load, Table } from './rows';
import { rowsOf, TABLES } from './rows';
import { ADMIN, DATABASE, USER, type BenchServer } from './server';

const BATCH = 2000;

/** Starts FerretDB, which stands for MongoDB. */
export async function startMongodb(): Promise<BenchServer> {
  const server = await MongodbServer.start({ tls: true, users: [USER, ADMIN] });
  const optionFileOf = ({ username, password }: typeof USER): string => {
    const file = path.join(server.directory, `${username}.yaml`);
    const tls = `tls=true&tlsCAFile=${server.authority.file}`;
    const uri = `mongodb://${username}@${server.host}:${server.port}/?${tls}&authSource=admin`;
    fs.writeFileSync(file, `uri: ${JSON.stringify(uri)}\npassword: ${JSON.stringify(password)}\n`, { mode: 0o600 });
    return file;
  };
  const drop = () => server.within((client) => client.db(DATABASE).dropDatabase());
  return {
    engine: 'mongodb',
    ...{ host: server.host, port: server.port, pem: server.authority.pem, version: numberOf(server.version) },
    fullVersion: await server.within(async (client) => {
      const { version, ferretdb } = await client.db('admin').command({ buildInfo: 1 });
      return `${version as string} (FerretDB ${(ferretdb as Document).version as string})`;
    }),
    tools: { path: await mongodStandIn(server.directory), env: {}, optionFile: optionFileOf(USER) },
    admin: { env: {}, optionFile: optionFileOf(ADMIN) },
    drop,
    fill: async (load) => {
      await drop();
      await server.within((client) => fill(client, load));
    },
    stop: () => server.stop(),
  };
}

/** Writes the rows of the other engines as documents. */
async function fill(client: MongoClient, load: Load): Promise<void> {
  const database = client.db(DATABASE);
  const insert = (collection: string, documents: Document[]) => {
    interrupted.throwIfAborted();
    return database.collection(collection).insertMany(documents, { ordered: false });
  };
  if (load.unit === 'tables')
    for (let number = 0; number < load.size; number++)
      await insert(`small_${number}`, [{ _id: 1, name: 'one' }, { _id: 2, name: 'two' }, { _id: 3 }] as Document[]);
  for (const { name, chunks } of rowsOf(load)) {
    const table = TABLES.find((one) => one.name === name)!;
    for (const chunk of chunks) {
      const lines = chunk.toString().trimEnd().split('\n');
      for (let from = 0; from < lines.length; from += BATCH)
        await insert(
          name,
          lines.slice(from, from + BATCH).map((line) => documentOf(table, line)),
        );
    }
    for (const column of table.indexes) await database.collection(name).createIndex({ [column]: 1 });
  }
}

/** A row as an application would store it: each column in the type of BSON that is meant for it. */
function documentOf({ columns }: Table, line: string): Document {
  const types = columns.split(/,\s+/).map((column) => column.split(' ', 2) as [string, string]);
  const values = line.split('\t').map((text, at) => [types[at]![0], valueOf(types[at]![1], text)] as const);
  return Object.fromEntries(values.map(([name, value]) => [name === 'id' ? '_id' : name, value]));
}

function valueOf(type: string, text: string): unknown {
  if (text === '\\N') return null;
  if (type === 'int') return new Int32(text);
  if (type === 'double') return Number(text);
  if (type.startsWith('decimal')) return Decimal128.fromString(text);
  return type === 'date' || type === 'timestamp'
    ? new Date(`${text.replace(' ', 'T')}${type === 'date' ? '' : 'Z'}`)
    : text;
}

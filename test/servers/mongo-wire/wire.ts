import * as net from 'node:net';
import * as tls from 'node:tls';
import type { Document } from 'mongodb';
import { BSON } from 'mongodb';

/** One connection of a client. */
export class Connection {
  /** Names of those who have logged in, as `admin.backup`. */
  user: string | undefined;
  /** A conversation that has begun. */
  login: unknown;

  constructor(private readonly socket: net.Socket) {}

  /** Ends it as a lost network does. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** Answers a command: `undefined` when the connection has been ended. */
export type Answer = (command: Document, database: string, connection: Connection) => Promise<Document | undefined>;

const HEADER = 16;
/** https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#opcodes */
const OP = { reply: 1, query: 2004, message: 2013 } as const;
const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;

/** Listens to clients, on a TLS server if there is a certificate. */
export async function listen(
  port: number,
  answer: Answer,
  certificate?: { readonly cert: string; readonly key: string },
): Promise<{ close: () => Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const accept = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    void serve(socket, answer).catch(() => socket.destroy());
  };
  const server = certificate ? tls.createServer(certificate, accept) : net.createServer(accept);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    sockets.forEach((socket) => socket.destroy());
    await closed;
  };
  return { close };
}

async function serve(socket: net.Socket, answer: Answer): Promise<void> {
  const connection = new Connection(socket);
  let held = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    held = Buffer.concat([held, chunk]);
    while (held.length >= HEADER && held.length >= held.readInt32LE(0)) {
      const message = held.subarray(0, held.readInt32LE(0));
      held = held.subarray(message.length);
      const reply = await handle(message, answer, connection);
      if (reply && !socket.write(reply)) await new Promise((resolve) => socket.once('drain', resolve));
    }
  }
}

async function handle(message: Buffer, answer: Answer, connection: Connection): Promise<Buffer | undefined> {
  const [id, code] = [message.readInt32LE(4), message.readInt32LE(12)];
  if (code === OP.query) {
    // Only the first question of a client comes this way.
    const end = message.indexOf(0, HEADER + 4);
    const [database = ''] = message.toString('utf8', HEADER + 4, end).split('.');
    const reply = await answer(BSON.deserialize(message.subarray(end + 9)), database, connection);
    const head = Buffer.alloc(20);
    head.writeInt32LE(1, 16);
    return reply && frame(OP.reply, id, head, BSON.serialize(reply));
  }
  if (code !== OP.message) throw new Error(`unknown operation: ${code}`);
  const flags = message.readUInt32LE(HEADER);
  const sections = message.subarray(HEADER + 4, message.length - (flags & CHECKSUM_PRESENT ? 4 : 0));
  const command = commandOf(sections);
  const reply = await answer(command, String(command.$db), connection);
  if (!reply || flags & MORE_TO_COME) return undefined;
  return frame(OP.message, id, Buffer.alloc(5), BSON.serialize(reply));
}

/** What is written keeps its types. */
const EXACT = { promoteValues: false, promoteLongs: false } as const;

/** A command, with the documents of its sequences in their fields. */
function commandOf(sections: Buffer): Document {
  const command: Document = {};
  for (let at = 0; at < sections.length;) {
    const kind = sections[at++];
    const size = sections.readInt32LE(at);
    if (kind === 0) {
      const body = sections.subarray(at, at + size);
      Object.assign(command, BSON.deserialize(body));
      const exact = BSON.deserialize(body, EXACT);
      for (const name of ['applyOps', 'documents']) if (name in exact) command[name] = exact[name];
    } else {
      const end = sections.indexOf(0, at + 4);
      const documents: Document[] = [];
      for (let from = end + 1; from < at + size; from += sections.readInt32LE(from))
        documents.push(BSON.deserialize(sections.subarray(from, from + sections.readInt32LE(from)), EXACT));
      command[sections.toString('utf8', at + 4, end)] = documents;
    }
    at += size;
  }
  return command;
}

function frame(code: number, to: number, head: Buffer, body: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeInt32LE(HEADER + head.length + body.length, 0);
  header.writeInt32LE(to, 8);
  header.writeInt32LE(code, 12);
  return Buffer.concat([header, head, body]);
}

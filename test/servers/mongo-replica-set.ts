import * as fs from 'node:fs';
import type { Document } from 'mongodb';
import { freePort } from '../support/processes';
import { Data, failure } from './mongo-wire/data';
import { hello, replyTo } from './mongo-wire/replies';
import type { MongoUser } from './mongo-wire/scram';
import { beginLogin, continueLogin } from './mongo-wire/scram';
import { listen } from './mongo-wire/wire';
import { Authority } from './tls';

/** What a hook answers to end the connection as a lost network does. */
export const RESET = 'reset';
/** Answers a command in the server's place; `undefined` leaves it to the server. */
export type Hook = (command: Document, database: string) => Promisable<Document | typeof RESET | undefined>;
type Promisable<T> = T | Promise<T>;

/** A server of {@link MongoReplicaSet}. */
export interface MongoSetOptions {
  /** @default 7.0.14 */
  readonly version?: string;
  /** A replica set has an oplog. @default member */
  readonly kind?: 'member' | 'mongos' | 'standalone';
  /** Members of the set; the first is the primary. @default 1 */
  readonly members?: number;
  /** Whoever is not one of them is refused. Everybody may do everything, also without a login, when left out. */
  readonly users?: readonly MongoUser[];
  /** A directory for certificates; connections are encrypted then. */
  readonly tls?: string;
}

/** A command that a client sent. */
export interface Asked {
  readonly name: string;
  readonly database: string;
  readonly command: Document;
  /** Index of the member. */
  readonly member: number;
}

/** Commands before a login. */
const OPEN = ['hello', 'ismaster', 'isMaster', 'saslStart', 'saslContinue', 'ping', 'buildInfo', 'buildinfo'];

/**
 * A replica set, a mongos or a standalone server that speaks MongoDB's wire protocol, written from its public specification, with
 * data in memory. It answers what the tools and the program ask, and plays what no server here can: an oplog, a set of several
 * members, options of collections, privileges, and faults in the midst of a dump.
 */
export class MongoReplicaSet {
  /** The name in the certificates. */
  readonly host = 'localhost';
  readonly data = new Data();
  /** All commands so far, oldest first. */
  readonly asked: Asked[] = [];
  readonly name = 'rs0';
  private readonly hooks = new Map<string, Hook[]>();
  private readonly listeners: { close: () => Promise<void> }[] = [];

  private constructor(
    readonly options: Required<Pick<MongoSetOptions, 'version' | 'kind'>> & MongoSetOptions,
    readonly ports: readonly number[],
    readonly authority: Authority | undefined,
  ) {}

  /** Starts one. */
  static async start(given: MongoSetOptions = {}): Promise<MongoReplicaSet> {
    const options = { version: '7.0.14', kind: 'member' as const, ...given };
    const ports = await Promise.all(Array.from({ length: options.members ?? 1 }, freePort));
    const authority = options.tls === undefined ? undefined : await Authority.create(options.tls);
    const set = new MongoReplicaSet(options, ports, authority);
    set.fill();
    const certificate = await authority?.issue(set.host);
    const files = certificate && {
      cert: fs.readFileSync(certificate.certificateFile, 'utf8'),
      key: fs.readFileSync(certificate.keyFile, 'utf8'),
    };
    for (const [member, port] of ports.entries()) {
      const answer: Parameters<typeof listen>[1] = async (command, database, connection) => {
        const name = Object.keys(command)[0]!;
        set.asked.push({ name, database, command, member });
        if (options.users && connection.user === undefined && !OPEN.includes(name))
          return failure(13, 'Unauthorized', `Command ${name} requires authentication`);
        for (const hook of set.hooks.get(name) ?? []) {
          const reply = await hook(command, database);
          if (reply === RESET) return void connection.reset();
          if (reply) return reply;
        }
        if (/^(hello|ismaster)$/i.test(name)) return hello(set, member, command);
        if (name === 'saslStart') return beginLogin(command, database, options.users ?? [], connection);
        if (name === 'saslContinue') return continueLogin(command, connection);
        return replyTo(set, member, name, command, database, connection.user);
      };
      set.listeners.push(await listen(port, answer, files));
    }
    return set;
  }

  /** Of the primary. */
  get port(): number {
    return this.ports[0]!;
  }

  /** Answers a command, or does something when it comes. The oldest hook that answers wins. */
  on(name: string, hook: Hook): void {
    this.hooks.set(name, [...(this.hooks.get(name) ?? []), hook]);
  }

  /** Does something once, when a client begins to read a collection. */
  during(ns: string, action: () => Promisable<void>): void {
    let isDone = false;
    this.on('find', async ({ find }, database) => {
      if (isDone || `${database}.${find as string}` !== ns) return undefined;
      isDone = true;
      await action();
      return undefined;
    });
  }

  /** Writes a document, as an application does. */
  insert(ns: string, document: Document): void {
    if (!this.data.collections.has(ns)) this.data.set(ns);
    this.data.documentsOf(ns).push(document);
    if (this.options.kind === 'member')
      this.data.log({ op: 'i', ns, ui: this.data.collections.get(ns)!.uuid, o: document });
  }

  /** Renames a collection. */
  rename(ns: string, to: string): void {
    const { uuid, ...collection } = this.data.collections.get(ns)!;
    this.data.collections.delete(ns);
    this.data.set(to, collection);
    this.data.log({
      op: 'c',
      ns: `${ns.split('.')[0]}.$cmd`,
      ui: uuid,
      o: { renameCollection: ns, to, stayTemp: false },
    });
  }

  /** Writes so much that the oplog loses all that it had. */
  overflowOplog(): void {
    this.data.documentsOf('local.oplog.rs').length = 0;
    this.data.log(NOOP);
  }

  /** Stops a member. */
  async stopMember(member: number): Promise<void> {
    await this.listeners[member]!.close();
  }

  async stop(): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.close()));
  }

  /** What every server has. */
  private fill(): void {
    const { version, kind } = this.options;
    const features = { _id: 'featureCompatibilityVersion', version: version.split('.').slice(0, 2).join('.') };
    this.data.set('admin.system.version', { documents: [features, { _id: 'authSchema', currentVersion: 5 }] });
    this.data.set('config.transactions');
    if (kind !== 'member') return;
    this.data.set('local.oplog.rs', { options: { capped: true, size: 1 << 30 } });
    this.data.log(NOOP);
  }
}

const NOOP = { op: 'n', ns: '', o: { msg: 'periodic noop' } };

import type { ServerEngine } from '../test/servers/versions';
import type { Load } from './rows';

export const DATABASE = 'bench';
export const USER = { username: 'backup', password: 'benchmark' };
/** May do everything: restores are made by it. */
export const ADMIN = { username: 'admin', password: 'benchmark' };

export type BenchEngine = ServerEngine | 'mongodb';

/** A database server as it is run in production: durable, a quarter or more of the memory for its caches, TLS. */
export interface BenchServer {
  readonly engine: BenchEngine;
  readonly host: string;
  readonly port: number;
  /** Certificate authority, PEM. */
  readonly pem: string;
  /** For example `10.11`, `15`. */
  readonly version: string;
  /** The full version that the server states. */
  readonly fullVersion: string;
  /** Environment and option file with which every pipeline's dump tool reaches it: over TCP, with verified TLS. */
  readonly tools: { readonly path: string; readonly env: Record<string, string>; readonly optionFile: string };
  /** The same for {@link ADMIN} and the client. */
  readonly admin: { readonly env: Record<string, string>; readonly optionFile: string };
  /** Drops the database. */
  readonly drop: () => Promise<unknown>;
  /** Replaces the database. */
  readonly fill: (load: Load) => Promise<void>;
  readonly stop: () => Promise<void>;
}

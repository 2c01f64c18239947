import type { Version } from '../servers/versions';

/** Name of the stack, and the variable with the servers of its databases. */
export const STACK = 'Restores';
export const SERVERS = 'RESTORE_SERVERS';
/** Role of the person who restores. */
export const PERSON = 'person';

/** A server of the test. */
export interface GivenServer {
  readonly version: Version;
  readonly port: number;
  readonly pem: string;
}

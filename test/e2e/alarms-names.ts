/** Name of the stack. */
export const STACK = 'Alarmed';
/** Who gets the emails. */
export const ADDRESS = 'ops@example.com';
/** Environment variable with {@link AlarmedServer} as JSON. */
export const SERVER_VARIABLE = 'ALARMED_SERVER';

/** The server of the source `shop`. */
export interface AlarmedServer {
  readonly host: string;
  readonly port: number;
  readonly certificateAuthority: string;
}

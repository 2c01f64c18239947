/** Names that the program of the self-test and its stack share. */

/** Name of the stack. */
export const STACK = 'ProvenBackupsSelfTest';
/** Tag of everything that the self-test makes. */
export const TAG = { key: 'proven-backups:self-test', value: 'yes' } as const;
/** Parameter of Systems Manager that allows the self-test in an account and Region, by {@link CONSENT_VALUE}. */
export const CONSENT = '/proven-backups/self-test/consent';
export const CONSENT_VALUE = 'yes';
/** Environment variable of the app: a {@link Plan} as JSON. */
export const PLAN_VARIABLE = 'SELF_TEST_PLAN';
/** Environment variable of the program, for an emulated AWS only: a {@link GivenServer} as JSON. */
export const SERVER_VARIABLE = 'SELF_TEST_SERVER';

/** Parts of the stack that cost more, or take long: only made on request. */
export const PARTS = ['ec2', 'trail', 'volume', 'rds', 'aurora'] as const;
export type Part = (typeof PARTS)[number];

/** US dollars for a run, by list prices of us-east-1, rounded up, and minutes. */
export const COSTS: Record<'base' | Part, readonly [dollars: number, minutes: number]> = {
  base: [0.5, 45],
  ec2: [0.05, 15],
  trail: [0.05, 20],
  volume: [0.1, 150],
  rds: [0.3, 25],
  aurora: [1, 30],
};

/** A server of PostgreSQL that runs outside of the stack: an emulated AWS runs none. */
export interface GivenServer {
  readonly host: string;
  readonly port: number;
  readonly version: string;
  /** PEM. */
  readonly certificateAuthority: string;
}

/** What the stack is made of. */
export interface Plan {
  readonly parts: readonly Part[];
  /** Left out, the stack starts a server of its own. */
  readonly server?: GivenServer;
}

/** Name of the secret. With a hyphen and six characters at its end it would look like a complete ARN. */
export const SECRET = 'proven-backups-self-test/server';
/** Name of the database, and of the user that owns it. */
export const DATABASE = 'shop';
export const USER = 'backup';
/** User that RDS and Aurora create. */
export const MASTER = 'admin_user';
/** Rows of the table `orders`. */
export const ROWS = 1_000;
export const SCHEMA = `CREATE TABLE orders (id integer PRIMARY KEY, remark text NOT NULL);
INSERT INTO orders SELECT n, 'Leave it at door ' || n FROM generate_series(1, ${ROWS}) AS n;`;
/** The sources: what becomes of each of them. */
export const SOURCES = {
  good: 'shop',
  failing: 'wrong-password',
  unstartable: 'no-task',
  silent: 'never-runs',
} as const;
/** Source whose objects are written by the self-test itself. */
export const PROBE = 'probe';
/** IAM path of the roles that the self-test assumes. */
export const ROLE_PATH = '/proven-backups/self-test/';
/** Source of the volume's snapshots. */
export const VOLUME_SOURCE = 'self-test-volume';

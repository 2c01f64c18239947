import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Document } from 'mongodb';
import { BSON } from 'mongodb';
import type { Connection } from './wire';

/** A user of the server. */
export interface MongoUser {
  /** ASCII. */
  readonly user: string;
  readonly password: string;
  /** @default admin */
  readonly db?: string;
  /** @default `root` */
  readonly roles?: readonly { readonly role: string; readonly db: string }[];
  /** What `connectionStatus` shows. */
  readonly privileges?: readonly Document[];
}

const ITERATIONS = 4096;
/** What a login ends with if it fails. */
export const LOGIN_FAILED = { ok: 0, errmsg: 'Authentication failed.', code: 18, codeName: 'AuthenticationFailed' };

interface Conversation {
  readonly user: MongoUser | undefined;
  readonly digest: 'sha1' | 'sha256';
  readonly nonce: string;
  readonly salt: Buffer;
  /** The client's first message and ours. */
  readonly said: string;
  isDone?: boolean;
}

/** Says the first word of a login: https://datatracker.ietf.org/doc/html/rfc5802 */
export function beginLogin(command: Document, database: string, users: readonly MongoUser[], connection: Connection) {
  const first = textOf(command.payload).replace(/^n,[^,]*,/, '');
  const { n = '', r = '' } = attributesOf(first);
  const name = n.replaceAll('=2C', ',').replaceAll('=3D', '=');
  const user = users.find((one) => one.user === name && (one.db ?? 'admin') === database);
  const [nonce, salt] = [r + randomBytes(18).toString('base64'), randomBytes(16)];
  const server = `r=${nonce},s=${salt.toString('base64')},i=${ITERATIONS}`;
  const digest = command.mechanism === 'SCRAM-SHA-1' ? 'sha1' : 'sha256';
  connection.login = { user, digest, nonce, salt, said: `${first},${server}` } satisfies Conversation;
  return reply(false, server);
}

/** Goes on with it. */
export function continueLogin(command: Document, connection: Connection): Document {
  const conversation = connection.login as Conversation | undefined;
  if (conversation?.isDone) return reply(true, '');
  if (!conversation?.user) return LOGIN_FAILED;
  const { user, digest, nonce, salt, said } = conversation;
  const text = textOf(command.payload);
  const { r, p = '' } = attributesOf(text);
  const hash = (data: Buffer) => createHash(digest).update(data).digest();
  const sign = (key: Buffer, data: string) => createHmac(digest, key).update(data).digest();
  // SCRAM-SHA-1 of MongoDB knows a digest of the password only.
  const old = () => createHash('md5').update(`${user.user}:mongo:${user.password}`).digest('hex');
  const secret = digest === 'sha1' ? old() : user.password;
  const salted = pbkdf2Sync(secret, salt, ITERATIONS, digest === 'sha1' ? 20 : 32, digest);
  const clientKey = sign(salted, 'Client Key');
  const all = `${said},${text.replace(/,p=[^,]*$/, '')}`;
  const proof = clientKey.map((byte, at) => byte ^ sign(hash(clientKey), all)[at]!);
  if (r !== nonce || Buffer.from(proof).toString('base64') !== p) return LOGIN_FAILED;
  conversation.isDone = true;
  connection.user = `${user.db ?? 'admin'}.${user.user}`;
  return reply(false, `v=${sign(sign(salted, 'Server Key'), all).toString('base64')}`);
}

const textOf = (payload: BSON.Binary): string => Buffer.from(payload.buffer).toString('utf8', 0, payload.position);
const attributesOf = (text: string): Record<string, string | undefined> =>
  Object.fromEntries(text.split(',').map((part) => [part[0]!, part.slice(2)]));
const reply = (done: boolean, text: string): Document => ({
  ...{ conversationId: 1, done, payload: new BSON.Binary(Buffer.from(text)), ok: 1 },
});

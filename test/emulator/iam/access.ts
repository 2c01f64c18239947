import { REGION } from '../names';
import type { Access } from './policy';

/** What a request does, over TLS. */
export const access = (action: string, resource: string, context: Access['context'] = {}): Access => ({
  action,
  resource,
  context: { 'aws:SecureTransport': 'true', ...context },
});

/** What a service of AWS does with a key on behalf of whoever asked it. */
export function keyAccesses(
  key: string | undefined,
  actions: readonly string[],
  service: string,
  context: Access['context'] = {},
): Access[] {
  const via = { 'kms:ViaService': `${service}.${REGION}.amazonaws.com` };
  return key === undefined ? [] : actions.map((action) => access(`kms:${action}`, key, { ...via, ...context }));
}

/** What restic's failures mean: its own words count, and not the names of files. */
import { resticError } from '../../../engines/files/restic/errors';

const kindOf = (said: string, item = '') =>
  resticError({
    ...{ code: 1, failures: [], troubles: [{ item, said }], exit: 'downloadFailed', source: 'media' },
  }).reason.kind;

test.each([
  ['Stat: Access Denied.', '', 's3-refused'],
  [
    'Load(<data/0c1f>, 0, 0) failed: Get "https://s3.example/b/media": dial tcp 10.0.0.1:443: i/o timeout',
    '',
    's3-not-reached',
  ],
  ['User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/1', '', 'key-denied'],
  ['write /data/x: no space left on device', '/data/x', 'scratch-full'],
])('%s', (said, item, kind) => expect(kindOf(said, item)).toBe(kind));

test.each(['/errors/403.html', '/docs/forbidden.txt', '/my photos/timeout EOF.png', '/KMS'])(
  'a damaged file called %s says nothing of S3',
  (item) => {
    expect(kindOf('ciphertext verification failed', item)).toBe('tool-failed');
    expect(kindOf(`read ${item}: input/output error`, item)).toBe('tool-failed');
  },
);

import { BackupError, asBackupError, errorCode, errorText } from '../../../task/run/errors';

test('a failure that the program understands stays as it is', () => {
  const error = new BackupError('privileges', 'no', { kind: 'privileges-missing' });
  expect(asBackupError(error)).toBe(error);
  expect(error.exitCode).toBe(12);
});

test('any other failure is a defect of the program', () => {
  const cause = new TypeError('x is undefined');
  expect(asBackupError(cause)).toMatchObject({
    ...{ exit: 'unexpected', exitCode: 1, message: 'unexpected failure: x is undefined', cause },
    reason: { kind: 'fault-of-the-program', said: 'x is undefined' },
  });
  expect(asBackupError('a text').message).toBe('unexpected failure: a text');
});

test('of several addresses of one host, each failure is told once', () => {
  const refused = (text: string) => Object.assign(new Error(text), { code: 'ECONNREFUSED' });
  const error = new AggregateError([refused('::1'), refused('127.0.0.1'), refused('::1')], '');
  expect([errorText(error), errorCode(error)]).toEqual(['::1; 127.0.0.1', 'ECONNREFUSED']);
});

test.each([
  [new Error(''), 'Error', undefined],
  [Object.assign(new Error('x'), { code: 42 }), 'x', undefined],
  [null, 'null', undefined],
])('%p has the text %j and the code %p', (error, text, code) => {
  expect([errorText(error), errorCode(error)]).toEqual([text, code]);
});

// CDK's own rules for templates take two seconds a test file and a third of every synthesis. They are left to
// test/lib/cloudformation-rules.test.ts, which sets this back, and to cfn-lint.
process.env.CDK_VALIDATION = 'false';
// jest makes stack traces of 100 calls.
Error.stackTraceLimit = 15;
// CDK takes one for each rule that a construct acknowledges, into a plain object, for a report that no unit test reads.
const { captureStackTrace } = Error;
Error.captureStackTrace = (target, ...rest) => {
  if (Object.getPrototypeOf(target) === Object.prototype) target.stack = 'Error\n    at test (test.ts:1:1)';
  else captureStackTrace(target, ...rest);
};

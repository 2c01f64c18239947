// CDK's own rules for templates take two seconds a test file and a third of every synthesis. They are left to
// test/lib/cloudformation-rules.test.ts, which sets this back, and to cfn-lint.
process.env.CDK_VALIDATION = 'false';
// CDK and jest take a stack trace at every turn. jest makes them of 100 calls: a tenth of the time that all tests take.
Error.stackTraceLimit = 15;

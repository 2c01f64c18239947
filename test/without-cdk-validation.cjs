// CDK's own rules for templates take two seconds a test file and a third of every synthesis. They are left to
// test/lib/cloudformation-rules.test.ts, which sets this back, and to cfn-lint.
process.env.CDK_VALIDATION = 'false';

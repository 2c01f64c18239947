'use strict';
const { TestEnvironment } = require('jest-environment-node');
const { format } = require('node:util');

/**
 * Node.js, without what the code under test prints: handlers and the CDK log a lot. A test that fails shows what was
 * printed since the last one ended.
 */
module.exports = class QuietEnvironment extends TestEnvironment {
  printed = [];

  async setup() {
    await super.setup();
    const { console, process } = this.global;
    for (const name of ['stdout', 'stderr']) {
      // Not the stream itself: jest reports by it.
      const quiet = Object.create(process[name], { write: { value: this.write, writable: true, configurable: true } });
      Object.defineProperty(process, name, { value: quiet, configurable: true });
    }
    for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn']) {
      console[method] = (...args) => this.printed.push(`${format(...args)}\n`);
    }
  }

  write = (text, ...rest) => {
    this.printed.push(String(text));
    const done = rest.at(-1);
    if (typeof done === 'function') queueMicrotask(done);
    return true;
  };

  async handleTestEvent({ name, test }) {
    if (name !== 'test_done') return;
    const printed = this.printed.splice(0).join('');
    if (test.errors.length === 0 || printed === '') return;
    const message = `It printed:\n${printed}`;
    test.errors.push(Object.assign(new Error(message), { stack: message }));
  }
};

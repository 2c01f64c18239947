'use strict';
const fs = require('node:fs');
const path = require('node:path');

const ROOTS = path.resolve(__dirname, '../.tools/roots');

/** Begins the summary with the servers that apt could not install, if tests were skipped for it. */
module.exports = class NotTested {
  onRunComplete(contexts, { numPendingTests }) {
    if (numPendingTests === 0 || !fs.existsSync(ROOTS)) return;
    for (const file of fs.readdirSync(ROOTS).filter((name) => name.endsWith('.json'))) {
      const { notTested } = JSON.parse(fs.readFileSync(path.join(ROOTS, file), 'utf8'));
      for (const reason of Object.values(notTested)) process.stderr.write(`NOT TESTED: ${reason}\n`);
    }
  }
};

'use strict';
const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * Starts with what has servers. Without times of an earlier run, jest takes the largest files first: those of a few lines that run
 * a shared suite for minutes would come last, on one core.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const rank = ({ context, path }) =>
      context.config.displayName.name !== 'integration' ? 2 : /\/(image|mutations|e2e|prove)\//.test(path) ? 0 : 1;
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};

'use strict';
// Loaded by the emulator into each Lambda function: its clock is that of the emulated AWS, wherever a test moved it.
const fs = require('node:fs');

const realNow = Date.now;
const now = () => realNow() + Number(fs.readFileSync(process.env.EMULATOR_CLOCK, 'utf8')) * 1000;

globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length > 0 ? args : [now()], newTarget),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});

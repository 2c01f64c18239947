// Runs commands in a throw-away server of MongoDB: Extended JSON on standard input, `$db` names the database.
// Argument: the server's socket.
'use strict';
const { readFileSync } = require('node:fs');
const { BSON, MongoClient } = require('mongodb');

/** Runs commands one after the other; one that does nothing fails. */
async function runCommands(client, text) {
  for (const { $db = 'shop', ...command } of BSON.EJSON.parse(text, { relaxed: false })) {
    const { n, nModified, writeErrors } = await client.db(String($db)).command(command);
    if (n === 0 || nModified === 0 || writeErrors)
      throw new Error(`${JSON.stringify(command)} did nothing: ${JSON.stringify(writeErrors)}`);
  }
}
module.exports = { runCommands };

if (require.main === module) {
  const client = new MongoClient(`mongodb://${encodeURIComponent(process.argv[2])}/?directConnection=true`);
  runCommands(client, readFileSync(0, 'utf8')).then(
    () => client.close(),
    (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    },
  );
}

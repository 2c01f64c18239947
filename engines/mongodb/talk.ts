import { talkOf } from '../../task/io/tool';

/** Before and behind a name that a tool says: since 100.16 backquotes, or quotes where Go cannot put it between backquotes. */
export const QUOTE = '[`"]?';

/**
 * What `mongodump` says of its progress, each line behind its time. Every three seconds it shows a bar for each collection under way,
 * and where there are several, an empty line behind them.
 */
export const mongodumpTalk = talkOf(
  new RegExp(
    `^\\S+\\t(?:${[
      '$',
      'writing captured oplog to ',
      `writing ${QUOTE}(.+?)${QUOTE} to ${QUOTE}archive on stdout${QUOTE}$`,
      'done dumping .+ \\(\\d+ documents?\\)$',
      '\\tdumped \\d+ oplog entr(?:y|ies)$',
      // Of clusters, to themselves.
      'excluding MongoDB internal database [`"]__mdb_internal.*[`"]$',
      '\\[[.#]*\\]\\s',
      '.+ {2,}\\d+ *$',
    ].join('|')})`,
  ),
);

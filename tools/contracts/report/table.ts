import type { Level, Row } from './change.ts';
import type { Report } from './report.ts';

const effects: Record<Level, string> = {
  none: 'no change',
  patch: 'text only',
  minor: 'compatible',
  major: 'BREAKING',
};

/** The report for a terminal: one line per aspect, and below it one per change. */
export function table(found: Report): string {
  if ('reason' in found) return found.reason;
  const { commit, rows } = found;
  const width = Math.max(...rows.map(({ aspect }) => aspect.length));
  const lines = rows.flatMap((row) => {
    const { aspect, changes, note } = row;
    const indent = ' '.repeat(width + 2);
    const count = changes.length === 0 ? '' : `  ${changes.length}`;
    return [
      `${aspect.padEnd(width)}  ${effectOf(row)}${count}`.trimEnd(),
      ...(note === undefined ? [] : [`${indent}(${note})`]),
      ...changes.map(({ level, text }) => `${indent}${marks[level]} ${text}`),
    ];
  });
  return [`Compared with ${commit.slice(0, 12)}:`, '', ...lines].join('\n');
}

const marks: Record<Exclude<Level, 'none'>, string> = { major: '!', minor: '+', patch: '~' };

/** Of the SDK it is the part of its version that has to grow. */
function effectOf({ aspect, level, note }: Row): string {
  if (note !== undefined) return 'not compared';
  return aspect === 'SDK' ? level : effects[level];
}

/** What a change means to those who use the thing: the part of a version that has to grow. */
export type Level = 'none' | 'patch' | 'minor' | 'major';

export const levels: readonly Level[] = ['none', 'patch', 'minor', 'major'];

export interface Change {
  level: Exclude<Level, 'none'>;
  /** One line for the table. */
  text: string;
}

/** What a change of the contracts does to one thing that is made from them. */
export interface Row {
  aspect: string;
  level: Level;
  changes: Change[];
  /** Why there was nothing to compare, if so. */
  note?: string;
}

export function highest(found: readonly Level[]): Level {
  return levels[Math.max(0, ...found.map((level) => levels.indexOf(level)))] as Level;
}

/** Whether any of the rows is of that level or a higher one. */
export function reaches(rows: readonly Row[], limit: Level): boolean {
  return levels.indexOf(highest(rows.map(({ level }) => level))) >= levels.indexOf(limit);
}

export function row(aspect: string, changes: readonly Change[]): Row {
  // One change may be found by several ways.
  const distinct = [...new Map(changes.map((change) => [change.text, change])).values()];
  const sorted = distinct.toSorted((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level));
  return { aspect, level: highest(sorted.map(({ level }) => level)), changes: sorted };
}

/** Names only in one of the records, and names in both. */
export function partition<T>(
  base: Readonly<Record<string, T>>,
  head: Readonly<Record<string, T>>,
): { removed: string[]; added: string[]; kept: [name: string, base: T, head: T][] } {
  return {
    removed: Object.keys(base).filter((name) => !Object.hasOwn(head, name)),
    added: Object.keys(head).filter((name) => !Object.hasOwn(base, name)),
    kept: Object.entries(base).flatMap(([name, value]) =>
      Object.hasOwn(head, name) ? [[name, value, head[name] as T]] : [],
    ),
  };
}

import { posix } from 'node:path';

/** A TypeScript file that is being written. */
export interface Module {
  /** Path from the root of the output, such as 'purser/orders/v1/order.json.ts'. */
  readonly path: string;
  /** Says that the file declares these names itself; comes before every import. */
  declare(names: Iterable<string>): void;
  /**
   * Imports a value and returns the name it goes by in this file; `from` is another path
   * ('../sdk/…' outside of the output), or '#lib/…'.
   */
  value(name: string, from: string): string;
  /** Imports a type alike. */
  type(name: string, from: string): string;
  /** Adds text, which gets an empty line after it. */
  add(text: string): void;
  /** Whether anything was added. */
  readonly isEmpty: boolean;
  text(): string;
}

interface Import {
  name: string;
  local: string;
  isType: boolean;
}

export function createModule(path: string): Module {
  const imports = new Map<string, Import[]>();
  const taken = new Set<string>();
  const blocks: string[] = [];

  function use(name: string, from: string, isType: boolean): string {
    if (from === path) {
      return name;
    }
    const source = from.startsWith('#') || from.startsWith('@') ? from : relative(path, from);
    const known = imports.get(source) ?? [];
    imports.set(source, known);
    const same = known.find((other) => other.name === name && other.isType === isType);
    if (same !== undefined) {
      return same.local;
    }
    const local = freeName(name, taken);
    taken.add(local);
    known.push({ name, local, isType });
    return local;
  }

  return {
    path,
    declare: (names) => {
      for (const name of names) {
        taken.add(name);
      }
    },
    value: (name, from) => use(name, from, false),
    type: (name, from) => use(name, from, true),
    add: (text) => {
      blocks.push(text);
    },
    get isEmpty() {
      return blocks.length === 0;
    },
    text: () => {
      const lines = [...imports].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(importLines);
      return [lines.join('\n'), ...blocks].filter((block) => block !== '').join('\n\n');
    },
  };
}

/** Two packages may have a type of one name. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) {
    free = `${name}_${number}`;
  }
  return free;
}

function relative(from: string, to: string): string {
  // Below a made-up root: from a real folder, `..` could lead through one of the same name.
  const path = posix.relative(posix.join('/gen', posix.dirname(from)), posix.join('/gen', to));
  return path.startsWith('.') ? path : `./${path}`;
}

function importLines([source, names]: [string, Import[]]): string[] {
  return [false, true].flatMap((isType) => {
    const clauses = names
      .filter((each) => each.isType === isType)
      .map(({ name, local }) => (name === local ? name : `${name} as ${local}`))
      .toSorted();
    const keyword = isType ? 'import type' : 'import';
    return clauses.length === 0 ? [] : [`${keyword} { ${clauses.join(', ')} } from '${source}';`];
  });
}

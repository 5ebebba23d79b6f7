import { splitClauses, splitSql } from './split-sql.ts';

export interface Step {
  name: string;
  /** The scripts that the step runs. */
  sql: readonly string[];
}

/**
 * How a step says that it means it, in a comment before the statement: `-- contract: …` tells why
 * no code of the release before needs what goes away, `-- locks: …` why nobody waits long.
 */
const marks = { contract: /^contract: \S/, locks: /^locks: \S/ };

type Mark = keyof typeof marks;

interface Rule {
  pattern: RegExp;
  mark: Mark;
  fault: string;
}

/** Texts and the bodies of functions: what stands in them is none of ours. */
const quoted = /'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$/g;

/** What a whole statement may not do. */
const statementRules: readonly Rule[] = [
  {
    pattern: /^drop (table|view|materialized view|type|function|schema|sequence|trigger|domain)\b/,
    mark: 'contract',
    fault: 'the release before may still use what it drops',
  },
  { pattern: /^truncate\b/, mark: 'contract', fault: 'the release before has its rows there' },
  {
    pattern: /^alter (table|view|type|index|sequence|materialized view) .* rename\b/,
    mark: 'contract',
    fault: 'the release before uses the old name: add the new one, and drop the old one later',
  },
  {
    pattern: /^create (unique )?index (?!concurrently)/,
    mark: 'locks',
    fault: 'writers of the table wait until the index is built',
  },
  {
    pattern: /^(update|delete from|insert into \S+ (\([^)]*\) )?(select|with))\b/,
    mark: 'locks',
    fault: 'it changes rows in one transaction: let the new code do it in batches',
  },
  {
    pattern: /^(lock|cluster|vacuum full|reindex|refresh materialized view)\b/,
    mark: 'locks',
    fault: 'everybody else waits for it',
  },
];

/** What one clause of `alter table` may not do. */
const clauseRules: readonly Rule[] = [
  {
    pattern: /^drop (column )?(?!constraint|default|not null|expression|identity)/,
    mark: 'contract',
    fault: 'the release before may still use the column',
  },
  {
    pattern: /^alter (column )?\S+ set not null/,
    mark: 'contract',
    fault: 'the release before may write null; and every row is read under a lock',
  },
  {
    pattern: /^alter (column )?\S+ (set data )?type\b/,
    mark: 'locks',
    fault: 'the table may be written anew while everybody waits',
  },
  {
    pattern: /^alter (column )?\S+ drop default/,
    mark: 'contract',
    fault: 'the release before may rely on the default',
  },
  {
    pattern:
      /^add (?!(constraint|check|primary|unique|foreign)\b)(?!.*(default|generated)).*not null/,
    mark: 'contract',
    fault: 'the release before writes rows without the column: it needs a default',
  },
  {
    pattern:
      /^add (?!constraint\b).*(default (\w*uuid\w*|random|clock_time|nextval)|generated|serial\b)/,
    mark: 'locks',
    fault: 'each row gets a value of its own: the table is written anew while everybody waits',
  },
  {
    pattern: /^add (constraint \S+ )?(check|foreign key)(?!.*not valid)/,
    mark: 'locks',
    fault: 'every row is checked under a lock: add it not valid, and validate it later',
  },
  {
    pattern: /^add (constraint \S+ )?(primary key|unique|exclude)(?!.*using index)/,
    mark: 'locks',
    fault: 'writers wait until its index is built: build it concurrently, and add it using index',
  },
  {
    pattern: /^(set (logged|unlogged|tablespace|access method)|enable row level|disable trigger)/,
    mark: 'locks',
    fault: 'everybody else waits for it, or it changes what the release before may see',
  },
];

/**
 * What of a schema's steps the code of the release before would not survive, or would make callers
 * wait, each as `step: statement: what is wrong`. Tables that a step has made itself are its own.
 */
export function migrationFaults(steps: readonly Step[]): string[] {
  return steps.flatMap(({ name, sql }) => {
    const own = new Set<string>();
    return sql.flatMap(splitSql).flatMap(({ text: whole, comments }) => {
      const text = whole.replaceAll(quoted, "''");
      const made = /^create (?:unlogged )?table (?:if not exists )?(\S+)/.exec(text)?.[1];
      if (made !== undefined) own.add(made);
      const table = tableOf(text);
      if (table !== undefined && own.has(table)) return [];
      return rulesBroken(text)
        .filter(({ mark }) => !comments.some((comment) => marks[mark].test(comment)))
        .map(({ fault, mark }) => {
          return `${name}: ${text.slice(0, 60)}: ${fault} (or say why: -- ${mark}: …)`;
        });
    });
  });
}

function rulesBroken(text: string): Rule[] {
  const whole = statementRules.filter(({ pattern }) => pattern.test(text));
  const clauses = /^alter table (?:if exists )?(?:only )?\S+ (.*)$/.exec(text)?.[1];
  if (clauses === undefined) return whole;
  const broken = splitClauses(clauses).flatMap((clause) =>
    clauseRules.filter(({ pattern }) => pattern.test(clause)),
  );
  return [...whole, ...new Set(broken)];
}

function tableOf(text: string): string | undefined {
  const patterns = [
    /^alter table (?:if exists )?(?:only )?(\S+)/,
    /^create (?:unique )?index (?:concurrently )?(?:if not exists )?(?:\S+ )?on (?:only )?(\w+)/,
    /^(?:update|insert into|delete from|truncate|lock)(?: table)? (\w+)/,
  ];
  for (const pattern of patterns) {
    const table = pattern.exec(text)?.[1];
    if (table !== undefined) return table;
  }
  return undefined;
}

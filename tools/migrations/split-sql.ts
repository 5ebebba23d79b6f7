export interface SqlStatement {
  /** In lower case, without comments, white space as single blanks; quoted text as it is. */
  text: string;
  /** What its comments say, those before it included. */
  comments: string[];
}

const token =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$[\s\S]*?\$\1\$|;|[^-/'"$;]+|[-/$]/g;

/** Splits a script of PostgreSQL into its statements. */
export function splitSql(script: string): SqlStatement[] {
  const statements: SqlStatement[] = [];
  let text = '';
  let comments: string[] = [];
  const finish = () => {
    const trimmed = text.replaceAll(/\s+/g, ' ').trim();
    if (trimmed !== '') statements.push({ text: trimmed, comments });
    if (trimmed !== '') comments = [];
    text = '';
  };
  for (const [part] of script.matchAll(token)) {
    if (part === ';') finish();
    else if (part.startsWith('--')) comments.push(part.slice(2).trim());
    else if (part.startsWith('/*')) comments.push(part.slice(2, -2).trim());
    else if (/^['"$]./.test(part)) text += part;
    else text += part.toLowerCase();
  }
  finish();
  return statements;
}

/** Splits at commas that stand in no parentheses and in no quotes. */
export function splitClauses(text: string): string[] {
  const clauses: string[] = [''];
  let depth = 0;
  for (const [part] of text.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[\s\S]/g)) {
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    if (part === ',' && depth === 0) clauses.push('');
    else clauses[clauses.length - 1] += part;
  }
  return clauses.map((clause) => clause.trim());
}

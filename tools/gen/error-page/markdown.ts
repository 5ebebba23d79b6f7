import type { ErrorEntry } from './entries.ts';
import { orderFailures, texts } from './texts.ts';

/** The body of docs/errors.md. GitHub gives each heading the anchor that the entry has. */
export function markdownPage(entries: readonly ErrorEntry[]): string {
  return [
    ...texts.intro,
    texts.sdkIntro,
    fenced('ts', texts.sdkExample),
    '## All reasons',
    overview(entries),
    ...entries.flatMap(section),
    '## Why an order fails',
    texts.failures,
    table(
      ['`failureReason`', 'means'],
      orderFailures().map(([name, text]) => [`\`${name}\``, text]),
    ),
    '',
  ].join('\n\n');
}

function overview(entries: readonly ErrorEntry[]): string {
  const rows = entries.map(({ reason, anchor, httpStatus, grpcCode, meaning, retryable }) => [
    `[\`${reason}\`](#${anchor})`,
    String(httpStatus),
    `\`${grpcCode}\``,
    retryable ? 'yes' : '',
    meaning,
  ]);
  return table(['reason', 'HTTP', 'gRPC', 'retry as it is', 'means'], rows);
}

function section(entry: ErrorEntry): string[] {
  const { reason, httpStatus, grpcCode, meaning, cause, action, rest, grpc, sdk } = entry;
  return [
    `### ${reason}`,
    `HTTP ${httpStatus}, gRPC \`${grpcCode}\`. ${meaning}`,
    `**Cause.** ${cause}`,
    `**What to do.** ${action}`,
    rest === undefined ? 'Never over REST.' : fenced('http', rest),
    grpc === undefined ? 'Never over gRPC.' : fenced('json', grpc),
    ...(sdk === undefined ? [] : [fenced('ts', sdk)]),
  ];
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

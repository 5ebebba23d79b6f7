import type { Invariant } from '#lib/audit/invariant.ts';
import type { Row } from './snapshot.ts';

export interface CheckResult extends Invariant {
  /** Whose tables: `orders`, `payments`, or `both`, or `broker`. */
  where: string;
  checked: number;
  inFlight: number;
  /** The first of the rows that break it. */
  broken: Row[];
  /** Whether there are more. */
  more: boolean;
}

export interface AuditReport {
  startTime: string;
  tookMs: number;
  graceMs: number;
  /** What was read: databases with their versions, streams with their counts. */
  sources: Record<string, string>;
  checks: CheckResult[];
}

/** Rows of one invariant that are told; whoever needs more has mended the first by then. */
export const brokenMax = 50;

export function brokenChecks({ checks }: AuditReport): CheckResult[] {
  return checks.filter(({ broken }) => broken.length > 0);
}

/** The certificate, or what is broken with its meaning and repair. */
export function reportText(report: AuditReport): string {
  const { startTime, tookMs, graceMs, sources, checks } = report;
  const lines = [
    `Audit of ${startTime}, ${(tookMs / 1_000).toFixed(1)} s, grace ${graceMs / 1_000} s`,
    ...Object.entries(sources).map(([name, text]) => `  ${name.padEnd(13)} ${text}`),
    '',
    ...checks.map(checkLine),
    '',
  ];
  const bad = brokenChecks(report);
  const inFlight = checks.reduce((sum, check) => sum + check.inFlight, 0);
  if (bad.length === 0) {
    const onTheWay = inFlight > 0 ? `; ${inFlight} on their way` : '';
    return [...lines, `Nothing is broken: ${checks.length} checks hold${onTheWay}.`].join('\n');
  }
  return [...lines, ...bad.flatMap(brokenLines), `${bad.length} checks are broken.`].join('\n');
}

function checkLine({ id, where, says, checked, unit, inFlight, broken, more }: CheckResult) {
  const state = broken.length === 0 ? 'holds ' : 'BROKEN';
  const count = broken.length === 0 ? '' : `, ${broken.length}${more ? ' or more' : ''} broken`;
  const onTheWay = inFlight > 0 ? `, ${inFlight} on their way` : '';
  const name = `${id.padEnd(4)} ${where.padEnd(13)}`;
  return `${state} ${name} ${says} (${checked} ${unit}${onTheWay}${count})`;
}

function brokenLines({ id, where, says, means, repair, broken, more }: CheckResult): string[] {
  return [
    `${id} (${where}): ${says}`,
    ...broken.map((row) => `  ${JSON.stringify(row)}`),
    ...(more ? ['  …'] : []),
    `  It means: ${means}`,
    `  To do: ${repair}`,
    '',
  ];
}

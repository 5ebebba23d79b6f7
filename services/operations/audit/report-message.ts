import type { AuditReport as AuditReportMessage } from '#gen/purser/operations/v1/audit.ts';
import { type AuditReport, brokenChecks } from './report.ts';

/** A report as the contract has it. */
export function reportMessage(report: AuditReport): AuditReportMessage {
  return {
    startTime: new Date(report.startTime),
    tookMs: report.tookMs,
    graceMs: report.graceMs,
    sound: brokenChecks(report).length === 0,
    sources: Object.entries(report.sources).map(([name, description]) => ({ name, description })),
    checks: report.checks.map((check) => ({
      invariant: check.id,
      where: check.where,
      statement: check.says,
      meaning: check.means,
      repair: check.repair,
      unit: check.unit,
      checkedCount: BigInt(check.checked),
      inFlightCount: BigInt(check.inFlight),
      // Times become texts, as everywhere in JSON.
      brokenRows: check.broken.map((row) => JSON.parse(JSON.stringify(row)) as object),
      hasMore: check.more,
    })),
  };
}

import { Alert, Badge, Button, Code, Progress, Skeleton, Text } from '@mantine/core';
import { useState } from 'react';
import type { OperationsClient } from '#gen/sdk/operator/clients.ts';
import type { Audit, AuditCheck, AuditReport } from '#gen/sdk/operator/types.ts';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { useNow } from '../parts/now.ts';
import { useText } from '../text/text-context.tsx';
import { useOperatorText } from './operator-text.ts';
import { Section } from './section.tsx';
import { usePolled } from './use-polled.ts';

const lookEveryMs = { running: 500, resting: 15_000 };

/** The certificate of the last audit, or what it found broken, and a way to look again. */
export function AuditSection({ client }: { client: OperationsClient }) {
  const { t } = useText();
  const { o } = useOperatorText();
  const [isRunning, setIsRunning] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const everyMs = isRunning ? lookEveryMs.running : lookEveryMs.resting;
  const { data, error, reload } = usePolled('audit', everyMs, async (signal) => {
    const audit = await client.getAudit({ signal });
    setIsRunning(audit.progress !== undefined);
    return audit;
  });
  const run = async () => {
    setFailure(undefined);
    setIsRunning(true);
    try {
      await client.runAudit();
      reload();
    } catch (thrown) {
      setIsRunning(false);
      setFailure(thrown);
    }
  };
  const tools = (
    <Button size="xs" loading={isRunning} onClick={() => void run()}>
      {o.audit.run}
    </Button>
  );
  return (
    <Section id="audit" title={o.audit.title} tools={tools}>
      <Text size="sm" c="dimmed">
        {o.audit.lead}
      </Text>
      {(failure ?? error) !== undefined && <ErrorPanel error={failure ?? error} onRetry={reload} />}
      {data === undefined && error === undefined && (
        <Skeleton height={120} mt="sm" aria-label={t.loading} />
      )}
      {data !== undefined && <Certificate audit={data} />}
    </Section>
  );
}

function Certificate({ audit }: { audit: Audit }) {
  const { o, format } = useOperatorText();
  const now = useNow(10_000);
  const { progress, lastReport, problem, problemTime, intervalSeconds } = audit;
  return (
    <>
      {progress !== undefined && (
        <>
          <Progress
            mt="sm"
            value={progress.totalSteps === 0 ? 0 : (100 * progress.doneSteps) / progress.totalSteps}
            aria-label={o.audit.progress}
          />
          <Text size="xs" c="dimmed">
            {o.audit.running(format.number(progress.doneSteps), format.number(progress.totalSteps))}
          </Text>
        </>
      )}
      {problemTime !== undefined && (
        <Alert color="red" variant="outline" role="alert" mt="sm">
          {o.audit.problem(format.ago(problemTime, now), problem)}
        </Alert>
      )}
      {lastReport === undefined && problemTime === undefined && <Text my="sm">{o.audit.none}</Text>}
      {lastReport !== undefined && <Report report={lastReport} now={now} />}
      {intervalSeconds > 0 && (
        <Text size="xs" c="dimmed" mt="xs">
          {o.audit.every(format.duration(intervalSeconds * 1_000))}
        </Text>
      )}
    </>
  );
}

function Report({ report, now }: { report: AuditReport; now: number }) {
  const { o, format } = useOperatorText();
  const broken = report.checks.filter(({ brokenRows }) => brokenRows.length > 0);
  return (
    <>
      <Alert color={report.sound ? 'teal' : 'red'} variant="outline" role="status" mt="sm">
        {report.sound ? o.audit.sound(report.checks.length) : o.audit.broken(broken.length)}
      </Alert>
      {report.startTime !== undefined && (
        <Text size="sm" mt="xs">
          {o.audit.when(format.ago(report.startTime, now), format.duration(report.tookMs))}
        </Text>
      )}
      {broken.map((check) => (
        <Broken key={`${check.invariant} ${check.where}`} check={check} />
      ))}
      <details>
        <summary>{o.audit.checks}</summary>
        <ul className="plain-list">
          {report.checks.map((check) => (
            <li key={`${check.invariant} ${check.where}`}>
              <CheckLine check={check} />
            </li>
          ))}
        </ul>
      </details>
      <details>
        <summary>{o.audit.sources}</summary>
        <dl className="facts">
          {report.sources.map(({ name, description }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="wrap-anywhere">{description}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}

function CheckLine({ check }: { check: AuditCheck }) {
  const { o, format } = useOperatorText();
  const holds = check.brokenRows.length === 0;
  const counts = [
    o.audit.checked(format.number(Number(check.checkedCount)), check.unit),
    ...(check.inFlightCount > 0n
      ? [o.audit.inFlight(format.number(Number(check.inFlightCount)))]
      : []),
  ];
  return (
    <Text size="sm" py={4}>
      <Badge variant="outline" color={holds ? 'teal' : 'red'}>
        {holds ? o.audit.holds : o.audit.isBroken}
      </Badge>{' '}
      {check.invariant} {check.where}: <span lang="en">{check.statement}</span> ({counts.join(', ')}
      )
    </Text>
  );
}

/** The catalogue of invariants is in English, as it stands in docs/operations.md. */
function Broken({ check }: { check: AuditCheck }) {
  const { o } = useOperatorText();
  return (
    <Alert color="red" variant="outline" mt="sm" title={`${check.invariant} ${check.where}`}>
      <Text size="sm" lang="en">
        {check.statement}
      </Text>
      <dl className="facts">
        <div>
          <dt>{o.audit.means}</dt>
          <dd lang="en">{check.meaning}</dd>
        </div>
        <div>
          <dt>{o.audit.toDo}</dt>
          <dd lang="en">{check.repair}</dd>
        </div>
        <div>
          <dt>{o.audit.rows}</dt>
          <dd>
            {check.brokenRows.map((row) => (
              <Code key={JSON.stringify(row)} block className="wrapped">
                {JSON.stringify(row)}
              </Code>
            ))}
            {check.hasMore && o.audit.more}
          </dd>
        </div>
      </dl>
    </Alert>
  );
}

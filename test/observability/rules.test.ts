import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { stringify } from 'yaml';
import { findDebianProgram } from '#test/harness/debian-program.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { alertRules, ruleFilePath } from './alert-rules.ts';

const execute = promisify(execFile);
const test = suite('alert rules');

const { path: promtool, reason } = {
  reason: '',
  ...(await findDebianProgram(['promtool'], 'prometheus')),
};

/** Series by their names and labels, values every 15 s: `a+bxn` is a, a+b … for n more. */
type Series = Record<string, string>;

interface Case {
  /** With these it fires, and nothing else does. */
  loud: Series;
  /** With these, just below the threshold, nothing fires. */
  quiet: Series;
  /** What its alert is labelled with, beside severity. */
  labels: Record<string, string>;
  /** Minutes after which it fires, and one minute before which it does not. */
  fromMinute: number;
  /** Whether it needs a quarter of a minute to see two samples. */
  atOnce?: true;
}

/** So many samples after the first: 75 minutes. */
const n = 300;
const stays = (value: number | string) => `${value}+0x${n}`;
const grows = (start: number, step: number) => `${start}+${step}x${n}`;

/** A histogram of which everything falls into the bucket `le`, two a second. */
function histogram(name: string, labels: string, le: string, below: string): Series {
  const comma = labels === '' ? '' : ',';
  return {
    [`${name}_bucket{${labels}${comma}le="${below}"}`]: stays(0),
    [`${name}_bucket{${labels}${comma}le="${le}"}`]: grows(0, 30),
    [`${name}_bucket{${labels}${comma}le="+Inf"}`]: grows(0, 30),
  };
}

const cases: Record<string, Case> = {
  PurserServiceMissing: {
    loud: { 'up{job="orders",instance="a"}': '_x120' },
    quiet: { 'up{job="orders",instance="a"}': stays(1) },
    labels: { job: 'orders' },
    fromMinute: 1,
  },
  PurserSideServiceMissing: {
    loud: { 'up{job="operations",instance="a"}': '_x120' },
    quiet: { 'up{job="operations",instance="a"}': stays(1) },
    labels: { job: 'operations' },
    fromMinute: 1,
  },
  PurserInstanceDown: {
    loud: { 'up{job="orders",instance="b"}': stays(0) },
    quiet: { 'up{job="orders",instance="b"}': '0 0 0 1+0x117' },
    labels: { job: 'orders', instance: 'b' },
    fromMinute: 1,
  },
  PurserDependencyDown: {
    loud: { 'purser_dependency_up{job="orders",dependency="broker"}': stays(0) },
    quiet: { 'purser_dependency_up{job="orders",dependency="broker"}': '1 0 0 1+0x117' },
    labels: { job: 'orders', dependency: 'broker' },
    fromMinute: 1,
  },
  PurserEventLoopSlow: {
    loud: { 'nodejs_eventloop_lag_p99_seconds{job="gateway"}': stays(0.3) },
    quiet: { 'nodejs_eventloop_lag_p99_seconds{job="gateway"}': stays(0.2) },
    labels: { job: 'gateway' },
    fromMinute: 5,
  },
  PurserMemoryHigh: {
    loud: { 'process_resident_memory_bytes{job="orders"}': stays(360e6) },
    quiet: { 'process_resident_memory_bytes{job="orders"}': stays(340e6) },
    labels: { job: 'orders' },
    fromMinute: 10,
  },
  PurserCertificateExpires: {
    loud: { 'purser_tls_certificate_expiry_seconds{job="orders"}': stays(2 * 86_400) },
    quiet: { 'purser_tls_certificate_expiry_seconds{job="orders"}': stays(4 * 86_400) },
    labels: { job: 'orders' },
    fromMinute: 0,
  },
  PurserAuditStale: {
    loud: {
      'purser_audit_last_timestamp_seconds{job="operations"}': stays(600),
      'process_start_time_seconds{job="operations"}': stays(300),
    },
    // Has not audited, and has not been there for an hour.
    quiet: {
      'purser_audit_last_timestamp_seconds{job="operations"}': stays(0),
      'process_start_time_seconds{job="operations"}': stays(1200),
    },
    labels: {},
    fromMinute: 70,
    atOnce: true,
  },
  PurserInvariantViolated: {
    loud: { 'purser_invariant_violations{invariant="I4"}': stays(1) },
    quiet: { 'purser_invariant_violations{invariant="I4"}': stays(0) },
    labels: { invariant: 'I4' },
    fromMinute: 0,
  },
  PurserDeadLetters: {
    loud: { 'purser_dead_letters_waiting{job="payments"}': stays(1) },
    quiet: { 'purser_dead_letters_waiting{job="payments"}': stays(0) },
    labels: { job: 'payments' },
    fromMinute: 0,
  },
  PurserOrdersWaiting: {
    loud: { 'purser_orders_waiting{instance="a"}': stays(3) },
    quiet: { 'purser_orders_waiting{instance="a"}': '3 3 3 0+0x117' },
    labels: {},
    fromMinute: 1,
  },
  PurserReconcilerMends: {
    loud: {
      'purser_reconciler_healed_total{state="PAID"}': '0 1+0x119',
      'purser_reconciler_resent_total{type="x"}': stays(0),
    },
    quiet: {
      'purser_reconciler_healed_total{state="PAID"}': stays(7),
      'purser_reconciler_resent_total{type="x"}': stays(3),
    },
    labels: {},
    fromMinute: 0,
    atOnce: true,
  },
  PurserReconcilerUnanswered: {
    loud: { purser_reconciler_unanswered_total: '0 3+0x119' },
    quiet: { purser_reconciler_unanswered_total: '0 1+0x119' },
    labels: {},
    fromMinute: 0,
    atOnce: true,
  },
  PurserPaymentsSlow: {
    loud: histogram('purser_order_payment_seconds', 'state="PAID"', '10', '5'),
    quiet: histogram('purser_order_payment_seconds', 'state="PAID"', '5', '2'),
    labels: {},
    fromMinute: 2.25,
  },
  PurserOutboxLag: {
    loud: {
      'purser_outbox_lag_seconds{service="orders",instance="a"}': stays(12),
      'purser_outbox_lag_seconds{service="orders",instance="b"}': stays(0),
    },
    quiet: { 'purser_outbox_lag_seconds{service="orders",instance="a"}': stays(9) },
    labels: { service: 'orders' },
    fromMinute: 1,
  },
  PurserOutboxGrows: {
    loud: { 'purser_outbox_backlog_rows{service="orders"}': stays(20_001) },
    quiet: { 'purser_outbox_backlog_rows{service="orders"}': stays(20_000) },
    labels: { service: 'orders' },
    fromMinute: 2,
  },
  PurserRelayFlaps: {
    loud: { 'purser_outbox_leases_taken_total{service="orders"}': '0 11+0x119' },
    quiet: { 'purser_outbox_leases_taken_total{service="orders"}': '0 1 2 2+0x117' },
    labels: { service: 'orders' },
    fromMinute: 0,
    atOnce: true,
  },
  PurserConsumerLag: {
    loud: histogram('purser_consumer_wait_seconds', 'consumer="c"', '30', '5'),
    quiet: histogram('purser_consumer_wait_seconds', 'consumer="c"', '5', '1'),
    labels: { consumer: 'c' },
    fromMinute: 2.25,
  },
  PurserConsumerStuck: {
    loud: { 'purser_consumer_retries_total{consumer="c"}': grows(0, 3) },
    quiet: { 'purser_consumer_retries_total{consumer="c"}': '0 1 2 2+0x117' },
    labels: { consumer: 'c' },
    fromMinute: 1.25,
  },
  PurserRedeliveries: {
    loud: {
      'purser_consumer_redeliveries_total{consumer="c"}': grows(0, 6),
      'purser_consumer_acknowledged_total{consumer="c"}': grows(0, 100),
    },
    quiet: {
      'purser_consumer_redeliveries_total{consumer="c"}': grows(0, 4),
      'purser_consumer_acknowledged_total{consumer="c"}': grows(0, 100),
    },
    labels: { consumer: 'c' },
    fromMinute: 5.25,
  },
  PurserGatewayErrors: {
    loud: {
      'purser_http_requests_total{status="200"}': grows(0, 90),
      'purser_http_requests_total{status="503"}': grows(0, 10),
    },
    quiet: {
      'purser_http_requests_total{status="200"}': grows(0, 97),
      'purser_http_requests_total{status="503"}': grows(0, 3),
      'purser_http_requests_total{status="404"}': grows(0, 50),
    },
    labels: {},
    fromMinute: 1.25,
  },
  PurserGatewaySlow: {
    loud: histogram('purser_http_request_duration_seconds', 'route="/v1/orders"', '2.5', '1'),
    quiet: {
      ...histogram('purser_http_request_duration_seconds', 'route="/v1/orders"', '1', '0.5'),
      ...histogram('purser_http_request_duration_seconds', 'route="page"', '2.5', '1'),
    },
    labels: {},
    fromMinute: 5.25,
  },
  PurserInternalErrors: {
    loud: { 'purser_grpc_server_calls_total{method="m",code="INTERNAL"}': '0 1+0x119' },
    quiet: { 'purser_grpc_server_calls_total{method="m",code="NOT_FOUND"}': grows(0, 5) },
    labels: { method: 'm' },
    fromMinute: 0,
    atOnce: true,
  },
  PurserOverloaded: {
    loud: { 'purser_batch_refusals_total{job="orders",batch="b"}': '0 1+0x119' },
    quiet: { 'purser_batch_refusals_total{job="orders",batch="b"}': stays(9) },
    labels: { job: 'orders' },
    fromMinute: 0,
    atOnce: true,
  },
  PurserPoolWaits: {
    loud: histogram('purser_db_pool_wait_seconds', 'pool="p"', '1', '0.5'),
    quiet: histogram('purser_db_pool_wait_seconds', 'pool="p"', '0.5', '0.25'),
    labels: { pool: 'p' },
    fromMinute: 2.25,
  },
};

/** What holds in every case unless it says otherwise: one instance of each service answers. */
function withServices(series: Series): { series: string; values: string }[] {
  const jobs = ['orders', 'payments', 'notifications', 'gateway', 'operations', 'web'];
  const up = jobs.map((job) => [`up{job="${job}",instance="a"}`, stays(1)]);
  const all = { ...Object.fromEntries(up), ...series } as Series;
  return Object.entries(all).map(([name, values]) => ({ series: name, values }));
}

const firing = 'count without (alertstate) (ALERTS{alertstate="firing"})';

function promtoolTests(alert: string, tested: Case) {
  const { severity } = alertRules.find((rule) => rule.alert === alert)!.labels;
  const labels = Object.entries({ alertname: alert, severity, ...tested.labels });
  const shown = `{${labels.map(([name, value]) => `${name}="${value}"`).join(', ')}}`;
  const at = (minute: number, samples: unknown[]) => ({
    expr: firing,
    eval_time: `${minute * 60}s`,
    exp_samples: samples,
  });
  const first = tested.fromMinute + (tested.atOnce ? 0.25 : 0);
  const before = tested.fromMinute >= 1 ? [at(tested.fromMinute - 0.5, [])] : [];
  return [
    {
      interval: '15s',
      name: `${alert} fires`,
      input_series: withServices(tested.loud),
      promql_expr_test: [...before, at(first + 0.25, [{ labels: shown, value: 1 }])],
    },
    {
      interval: '15s',
      name: `${alert} does not fire`,
      input_series: withServices(tested.quiet),
      promql_expr_test: [at(1, []), at(tested.fromMinute + 2, [])],
    },
  ];
}

test('every alert has a case, and says what it means and what to do', () => {
  assert.equal(Object.keys(cases).toSorted(), alertRules.map(({ alert }) => alert).toSorted());
  for (const { alert, labels, annotations } of alertRules) {
    assert.match(alert, /^Purser[A-Z]\w+$/);
    assert.ok(['critical', 'warning'].includes(labels.severity));
    assert.match(annotations.means, /^[A-Z].*\.$/, alert);
    assert.match(annotations.do, /\.$/, alert);
    assert.ok(annotations.summary.length > 10);
  }
});

if (promtool === undefined) test.skip(`promtool: ${reason}`);
else {
  test('each fires for what it is about, alone, when its time is over, and not below', async () => {
    const tests = Object.entries(cases).flatMap(([alert, tested]) => promtoolTests(alert, tested));
    const file = join(temporaryFolder(), 'rules.test.yml');
    const content = { rule_files: [ruleFilePath], evaluation_interval: '15s', tests };
    writeFileSync(file, stringify(content));
    const { failed } = await execute(promtool, ['test', 'rules', file]).then(
      () => ({ failed: '' }),
      (error: { stdout: string; stderr: string }) => ({ failed: error.stdout + error.stderr }),
    );
    assert.is(failed, '');
  });
}

test.run();

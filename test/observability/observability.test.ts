import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { parse, stringify } from 'yaml';
import { findDebianProgram } from '#test/harness/debian-program.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { allVariables } from '#lib/config/target-variables.ts';
import { readComposeFile } from '../deploy/compose-file.ts';
import { defaultSeries, listMetrics, seriesOf } from '../metrics/metric-list.ts';
import { services } from '../../tools/start/services.ts';
import { alertRules, observabilityFolder, ruleFilePath } from './alert-rules.ts';

const execute = promisify(execFile);
const test = suite('deploy/observability');

interface Panel {
  title: string;
  id: number;
  datasource: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { expr: string }[];
}

interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
}

const dashboardFolder = join(observabilityFolder, 'grafana/dashboards');
const dashboards = readdirSync(dashboardFolder).map(
  (file) => JSON.parse(readFileSync(join(dashboardFolder, file), 'utf8')) as Dashboard,
);
const expressions = [
  ...alertRules.map(({ expr }) => expr),
  ...dashboards.flatMap(({ panels }) => panels.flatMap(({ targets }) => targets)).map(expressionOf),
];

function expressionOf({ expr }: { expr: string }): string {
  return expr;
}

/** What Prometheus itself makes. */
const ofPrometheus = ['up', 'ALERTS'];

/** Of the audit that Operations runs. */
const ofOperations = services.some(({ name }) => name === 'operations')
  ? []
  : ['purser_invariant_violations'];

/** Names in an expression that could be metrics: neither functions nor labels nor texts. */
function metricsIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring|group_left)\s*\([^)]*\)/g, '');
  const words = bare.matchAll(/\b[a-zA-Z_]\w*\b(?!\s*\()/g);
  const keywords = new Set(['by', 'without', 'or', 'and', 'unless', 'on', 'ignoring']);
  return [...words].map(([word]) => word).filter((word) => !keywords.has(word));
}

const metrics = await listMetrics();
const known = new Set([
  ...metrics.flatMap(seriesOf),
  ...defaultSeries(),
  ...ofPrometheus,
  ...ofOperations,
]);

test('every metric that a rule or a dashboard names exists', () => {
  const unknown = expressions.flatMap((expression) =>
    metricsIn(expression).filter((name) => !known.has(name)),
  );
  assert.equal([...new Set(unknown)], []);
  assert.equal(metricsIn('sum by (le) (rate(a_b{c="d"}[5m])) / max(e) > 350e6'), ['a_b', 'e']);
});

test('every label that a rule or a dashboard selects by is one of its metric', () => {
  const target = ['job', 'instance', 'le', 'alertstate', 'alertname', 'severity'];
  const labelsOf = new Map(
    metrics.flatMap((metric) => seriesOf(metric).map((name) => [name, metric.labels] as const)),
  );
  for (const expression of expressions) {
    for (const [, name = '', selector = ''] of expression.matchAll(/(\w+)\{([^}]*)\}/g)) {
      for (const [, label = ''] of selector.matchAll(/(\w+)\s*(?:=|!=|=~|!~)"/g)) {
        const labels = [...target, ...(labelsOf.get(name) ?? [])];
        assert.ok(labels.includes(label), `${name} has no label ${label}`);
      }
    }
  }
});

test('every metric of ours is on a dashboard or in a rule', () => {
  const shown = new Set(expressions.flatMap(metricsIn));
  const hidden = metrics.filter((metric) => !seriesOf(metric).some((name) => shown.has(name)));
  assert.equal(
    hidden.map(({ name }) => name),
    [],
  );
});

test('panels have a source that is there, names of their own, and do not overlap', () => {
  const { datasources } = parse(
    readFileSync(join(observabilityFolder, 'grafana/provisioning/datasources/purser.yml'), 'utf8'),
  ) as { datasources: { uid: string; url: string }[] };
  const uids = datasources.map(({ uid }) => uid);
  const compose = readComposeFile();
  for (const { url } of datasources) assert.ok(new URL(url).hostname in compose.services, url);
  assert.is(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length);
  for (const { title, panels } of dashboards) {
    assert.ok(panels.length > 5, title);
    assert.is(new Set(panels.map((panel) => panel.title)).size, panels.length, title);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      assert.ok(x + w <= 24, title);
      return Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`);
    });
    assert.is(new Set(cells).size, cells.length, `${title}: panels overlap`);
    for (const { datasource, targets } of panels) {
      assert.ok(uids.includes(datasource.uid) && targets.length > 0, title);
    }
  }
});

test('Prometheus scrapes the internal port of every process, under its name', () => {
  const config = parse(
    readFileSync(join(observabilityFolder, 'prometheus/prometheus.yml'), 'utf8'),
  ) as {
    scrape_configs: { job_name: string; dns_sd_configs?: { names: string[]; port: number }[] }[];
  };
  const scraped = config.scrape_configs.flatMap(
    ({ job_name: job, dns_sd_configs: [found] = [] }) =>
      found === undefined ? [] : [[job, found.names[0], String(found.port)]],
  );
  const variables = allVariables([]);
  const wanted = services.map(({ name }) => {
    const port = variables[`PURSER_${name.toUpperCase()}_INTERNAL_PORT`]?.default;
    return [name, name, port];
  });
  const ours = scraped.filter(([job]) => wanted.some(([name]) => name === job));
  assert.equal(ours.toSorted(), wanted.toSorted());
  const { networks = [] } = readComposeFile().services['prometheus']!;
  for (const { name } of services) {
    const theirs = readComposeFile().services[name]?.networks ?? [];
    assert.ok(
      theirs.some((network) => networks.includes(network)),
      `Prometheus reaches ${name}`,
    );
  }
});

test('the files of the profile are YAML where they say so, and mounted where they are read', () => {
  const files = globSync('**/*.yml', { cwd: observabilityFolder });
  assert.ok(files.length >= 6);
  for (const file of files) parse(readFileSync(join(observabilityFolder, file), 'utf8'));
  const { services: containers, volumes } = readComposeFile();
  const watching = Object.values(containers).filter(({ profiles }) =>
    profiles?.includes('observability'),
  );
  assert.is(watching.length, 5);
  for (const { volumes: mounts = [], image } of watching) {
    for (const [from = ''] of mounts.map((mount) => mount.split(':'))) {
      if (from.startsWith('./deploy/observability/')) {
        const folder = join(observabilityFolder, from.slice('./deploy/observability/'.length));
        assert.ok(readdirSync(folder).length > 0, from);
      } else if (!from.startsWith('/')) assert.ok(from in volumes, `${image}: ${from}`);
    }
  }
});

const { path: promtool, reason } = {
  reason: '',
  ...(await findDebianProgram(['promtool'], 'prometheus')),
};

if (promtool === undefined) test.skip(`promtool: ${reason}`);
else {
  test('Prometheus takes the configuration, with expressions that it understands', async () => {
    const folder = temporaryFolder();
    const config = readFileSync(join(observabilityFolder, 'prometheus/prometheus.yml'), 'utf8');
    writeFileSync(
      join(folder, 'prometheus.yml'),
      config.replace('/etc/prometheus/rules.yml', ruleFilePath),
    );
    await execute(promtool, ['check', 'config', join(folder, 'prometheus.yml')]);
    // A dashboard's expression is as good as one of a rule, once Grafana has put its window in.
    const rules = [...new Set(expressions)].map((expression, index) => ({
      record: `checked:expression:${index}`,
      expr: expression.replaceAll('$__rate_interval', '1m'),
    }));
    const file = join(folder, 'expressions.yml');
    writeFileSync(file, stringify({ groups: [{ name: 'checked', rules }] }));
    await execute(promtool, ['check', 'rules', file]);
  });
}

test.run();

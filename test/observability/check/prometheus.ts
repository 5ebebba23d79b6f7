import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { Program } from '#test/harness/program.ts';
import { type AlertRule, ruleFile } from '../alert-rules.ts';

/** Prometheus in a hurry: it scrapes and decides every second. */
export interface RunningPrometheus {
  /** The alerts that fire now, by name. */
  firing(): Promise<Set<string>>;
  stop(): Promise<void>;
}

/**
 * The rule with its windows a fifth and its waiting a thirtieth as long. Nothing else of it
 * changes, neither what it looks at nor its thresholds.
 */
export function hurried({ for: after, ...rule }: AlertRule): AlertRule {
  const expr = rule.expr.replaceAll(/\[([^\]]+)\]/g, (_all, window: string) => {
    return `[${Math.round(secondsOf(window) / 5)}s]`;
  });
  return { ...rule, expr, ...(after && { for: `${Math.round(secondsOf(after) / 30)}s` }) };
}

function secondsOf(duration: string): number {
  const [, count, unit] = /^(\d+)([sm])$/.exec(duration) ?? [];
  if (count === undefined) throw new Error(`${duration} is no number of seconds or minutes`);
  return Number(count) * (unit === 'm' ? 60 : 1);
}

export async function startPrometheus(options: {
  binary: string;
  folder: string;
  port: number;
  /** Internal ports by the name of their process. */
  targets: Readonly<Record<string, number>>;
}): Promise<RunningPrometheus> {
  const { binary, folder, port, targets } = options;
  mkdirSync(folder, { recursive: true });
  const groups = ruleFile.groups.map((group) => ({ ...group, rules: group.rules.map(hurried) }));
  writeFileSync(join(folder, 'rules.yml'), stringify({ groups }));
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [join(folder, 'rules.yml')],
    scrape_configs: Object.entries(targets).map(([job, target]) => ({
      job_name: job,
      static_configs: [{ targets: [`127.0.0.1:${target}`] }],
    })),
  };
  writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
  const program = new Program(binary, [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  await program.printed(/Server is ready to receive web requests/);
  return {
    async firing() {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/alerts`);
      const { data } = (await response.json()) as {
        data: { alerts: { state: string; labels: { alertname: string } }[] };
      };
      const names = data.alerts.filter(({ state }) => state === 'firing');
      return new Set(names.map(({ labels }) => labels.alertname));
    },
    async stop() {
      program.child.kill('SIGTERM');
      await Promise.race([program.exited, sleep(5_000)]);
    },
  };
}

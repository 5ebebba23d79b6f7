import { resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface AlertRule {
  alert: string;
  expr: string;
  /** How long the expression has to hold; at once without it. */
  for?: string;
  labels: { severity: 'critical' | 'warning' };
  annotations: { summary: string; means: string; do: string };
}

export interface RuleFile {
  groups: { name: string; interval?: string; rules: AlertRule[] }[];
}

export const observabilityFolder = resolve(import.meta.dirname, '../../deploy/observability');

export const ruleFilePath = resolve(observabilityFolder, 'prometheus/rules.yml');

export const ruleFile = parse(readFileSync(ruleFilePath, 'utf8')) as RuleFile;

export const alertRules: readonly AlertRule[] = ruleFile.groups.flatMap(({ rules }) => rules);

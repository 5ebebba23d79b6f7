import type { Migration } from '@mikro-orm/migrations';
import type { Migrations } from '#lib/pg/migrate.ts';
import { migrations as notifications } from '../../services/notifications/schema/migrations.ts';
import { migrations as orders } from '../../services/orders/schema/migrations.ts';
import { migrations as payments } from '../../services/payments/schema/migrations.ts';
import type { Step } from './lint.ts';

/** The schemas of all services. */
export const schemas: Readonly<Record<string, Migrations>> = { orders, payments, notifications };

/** The scripts of each step, in their order, as the migrator would run them. */
export async function stepsOf(migrations: Migrations): Promise<Step[]> {
  const steps: Step[] = [];
  for (const entry of migrations) {
    const { name, class: Class } = entry as { name: string; class: new () => Migration };
    // A step only collects its scripts; nobody else is asked before they run.
    const step = new Class();
    await step.up();
    steps.push({ name, sql: step.getQueries().map(String) });
  }
  return steps;
}

import { register } from 'prom-client';

/**
 * The value that this process shows for a metric with these labels, of a histogram the count; 0
 * when it shows none.
 */
export async function metricValue(
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const metric = register.getSingleMetric(name);
  if (metric === undefined) throw new Error(`There is no metric ${name}.`);
  const { type, values } = await metric.get();
  const isHistogram = String(type) === 'histogram';
  const found = values.find(
    (value) =>
      Object.entries(labels).every(([label, text]) => value.labels[label] === text) &&
      (!isHistogram || (value as { metricName?: string }).metricName === `${name}_count`),
  );
  return found?.value ?? 0;
}

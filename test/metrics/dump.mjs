// Loaded before a process that refuses to start: tells the metrics that its modules define.
import { writeSync } from 'node:fs';
import { register } from 'prom-client';

process.on('exit', () => {
  const metrics = register.getMetricsAsArray().map(({ name, help, labelNames, constructor }) => ({
    name,
    help,
    labels: labelNames,
    type: constructor.name.toLowerCase(),
  }));
  writeSync(1, JSON.stringify(metrics));
});

import { Counter } from 'prom-client';

export const duplicates = new Counter({
  name: 'purser_duplicates_dropped_total',
  help: 'Events that came again after they had had their effect, and were dropped.',
});

import { Counter, Histogram } from 'prom-client';

export const batchItems = new Histogram({
  name: 'purser_batch_items',
  help: 'Items that shared one run of a batcher or one handling of a consumer.',
  labelNames: ['batch'],
  buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
});

export const batchRefusals = new Counter({
  name: 'purser_batch_refusals_total',
  help: 'Items that a batcher refused because its queue was full or it was closed.',
  labelNames: ['batch'],
});

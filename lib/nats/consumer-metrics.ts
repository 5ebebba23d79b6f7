import { Counter } from 'prom-client';

const labelNames = ['consumer'];

export const consumed = new Counter({
  name: 'purser_consumer_acknowledged_total',
  help: 'Messages that were handled and acknowledged.',
  labelNames,
});

export const redelivered = new Counter({
  name: 'purser_consumer_redeliveries_total',
  help: 'Messages received that the broker had delivered before.',
  labelNames,
});

export const retried = new Counter({
  name: 'purser_consumer_retries_total',
  help: 'Batches that were tried again after a failure that passes.',
  labelNames,
});

export const pullsOpened = new Counter({
  name: 'purser_consumer_pulls_opened_total',
  help: 'How often a consumer began to pull: at its start, and whenever the broker was away.',
  labelNames,
});

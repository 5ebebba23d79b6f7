import { Counter, Gauge, Histogram } from 'prom-client';

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

export const waited = new Histogram({
  name: 'purser_consumer_wait_seconds',
  help: 'Time from when the broker took a message until it was handled and acknowledged.',
  labelNames,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
});

export const inBuffer = new Gauge({
  name: 'purser_consumer_buffered',
  help: 'Messages received and not yet handled.',
  labelNames,
});

export const pendingInStream = new Gauge({
  name: 'purser_consumer_pending',
  help: 'Messages that the broker had left for the consumer when it delivered the last one.',
  labelNames,
});

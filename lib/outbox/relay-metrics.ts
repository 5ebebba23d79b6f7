import { Counter, Gauge } from 'prom-client';

const labelNames = ['service'];

export const published = new Counter({
  name: 'purser_outbox_published_total',
  help: 'Outbox rows that the broker acknowledged for the first time.',
  labelNames,
});

export const republished = new Counter({
  name: 'purser_outbox_republished_total',
  help: 'Outbox rows that the broker already had from an earlier attempt of unknown outcome.',
  labelNames,
});

export const unanswered = new Counter({
  name: 'purser_outbox_unanswered_total',
  help: 'Attempts to publish a row that the broker did not answer: stored or not, nobody knows.',
  labelNames,
});

export const lagSeconds = new Gauge({
  name: 'purser_outbox_lag_seconds',
  help: 'Age of the oldest outbox row not yet published, as the holder of the lease saw it last.',
  labelNames,
});

export const leasesTaken = new Counter({
  name: 'purser_outbox_leases_taken_total',
  help: 'How often this instance became the one that publishes.',
  labelNames,
});

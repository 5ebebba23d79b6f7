import { Counter, Gauge } from 'prom-client';
import { paymentCancellationRequested, paymentRequested } from '../published.ts';

export const asked = new Counter({
  name: 'purser_reconciler_asked_total',
  help: 'Orders that waited too long and were asked for in Payments.',
});

export const healed = new Counter({
  name: 'purser_reconciler_healed_total',
  help: 'Orders brought on by what Payments said when it was asked: its message was lost.',
  labelNames: ['state'],
});

export const resent = new Counter({
  name: 'purser_reconciler_resent_total',
  help: 'Requests to Payments that were published once more.',
  labelNames: ['type'],
});

export const unanswered = new Counter({
  name: 'purser_reconciler_unanswered_total',
  help: 'Rounds that ended because Payments did not answer.',
});

export const waiting = new Gauge({
  name: 'purser_orders_waiting',
  help: 'Orders that have waited for Payments for more than 30 s, as any instance counts them.',
});

export const longestWait = new Gauge({
  name: 'purser_orders_waiting_longest_seconds',
  help: 'How long the order that waits longest for Payments has waited; 0 when none waits.',
});

// From zero on, so that the first of each is a growth that Prometheus sees.
for (const state of ['PAID', 'FAILED', 'CANCELLED']) healed.inc({ state }, 0);
for (const { type } of [paymentRequested, paymentCancellationRequested]) resent.inc({ type }, 0);

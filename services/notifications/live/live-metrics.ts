import { Counter, Gauge } from 'prom-client';

export const openStreams = new Gauge({
  name: 'purser_live_streams',
  help: 'Live streams that are open on this instance, over gRPC and WebSocket.',
});

export const toldMessages = new Counter({
  name: 'purser_live_messages_total',
  help: 'Messages given to live streams, heartbeats left out.',
});

export const logReads = new Counter({
  name: 'purser_live_log_reads_total',
  help: 'Reads of a user’s log for streams that could not be given what was added.',
});

export const closedSockets = new Counter({
  name: 'purser_live_sockets_closed_total',
  help: 'WebSockets that are closed again, by close code.',
  labelNames: ['code'] as const,
});

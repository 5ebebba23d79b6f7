import { Counter, Gauge } from 'prom-client';

export const deadLetters = new Counter({
  name: 'purser_dead_letters_total',
  help: 'Messages given up and kept in dead_letters. Anything above zero wants a person.',
  labelNames: ['source'],
});

export const waitingLetters = new Gauge({
  name: 'purser_dead_letters_waiting',
  help: 'Dead letters in the database that nobody has replayed or discarded yet.',
});

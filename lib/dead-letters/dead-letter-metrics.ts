import { Counter } from 'prom-client';

export const deadLetters = new Counter({
  name: 'purser_dead_letters_total',
  help: 'Messages given up and kept in dead_letters. Anything above zero wants a person.',
  labelNames: ['source'],
});

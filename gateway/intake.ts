import { Gauge } from 'prom-client';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Exchange } from './exchange.ts';

export interface IntakeLimits {
  /** Requests with a body that have not arrived whole. */
  arriving: number;
  /** Requests that the services or the store front are working on. */
  working: number;
}

const inHand = new Gauge({
  name: 'purser_http_requests_in_hand',
  help: 'Requests that the gateway is reading (arriving) or waiting for (working).',
  labelNames: ['phase'] as const,
});

/**
 * How many requests the gateway has in hand. More than the limits are refused at once with
 * OVERLOADED: they would wait until their deadline and then fail all the same, and what waits is
 * memory. The phases are counted apart, so that bodies which trickle in take nothing away from
 * requests that are already there.
 */
export class Intake {
  readonly #limits: IntakeLimits;
  readonly #counts = { arriving: 0, working: 0 };

  constructor(limits: IntakeLimits) {
    this.#limits = limits;
  }

  /**
   * Counts the request in until it leaves, by the function that this returns, or is answered.
   * Throws OVERLOADED.
   */
  enter(phase: keyof IntakeLimits, exchange: Exchange): () => void {
    if (this.#counts[phase] >= this.#limits[phase]) throw new PurserError('OVERLOADED');
    this.#change(phase, 1);
    let inside = true;
    const leave = () => {
      if (inside) this.#change(phase, -1);
      inside = false;
    };
    exchange.afterwards(leave);
    return leave;
  }

  #change(phase: keyof IntakeLimits, by: 1 | -1): void {
    this.#counts[phase] += by;
    inHand.set({ phase }, this.#counts[phase]);
  }
}

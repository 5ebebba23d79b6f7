import type { InstanceStatus, SystemStatus } from '#gen/purser/operations/v1/system_status.ts';
import type { Job } from '#lib/service/periodic-job.ts';
import type { Clock } from '#lib/time/clock.ts';
import { type Sample, throughputBetween } from './throughput.ts';

/** Time between two samples, in milliseconds; the contract promises it. */
export const sampleEveryMs = 5_000;

/** Ten minutes. */
const throughputMax = 120;

export interface SamplerOptions {
  /** Asks all instances of all services. Never throws. */
  ask(): Promise<InstanceStatus[]>;
  clock: Clock;
}

/** Looks at the system again and again, and keeps what was done in the last minutes. */
export class Sampler {
  readonly #options: SamplerOptions;
  #last: Sample | undefined;
  #throughput: SystemStatus['throughput'] = [];
  #looking: Promise<Sample> | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  job(): Job {
    const run = async () => void (await this.#look());
    return { name: 'sample-instances', intervalMs: sampleEveryMs, run };
  }

  /** How the system was at the last sample; takes one when there is none yet. */
  async status(): Promise<SystemStatus> {
    const { time, instances } = this.#last ?? (await this.#look());
    return { sampleTime: time, instances: [...instances], throughput: this.#throughput };
  }

  #look(): Promise<Sample> {
    this.#looking ??= this.#sample().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #sample(): Promise<Sample> {
    const instances = await this.#options.ask();
    const sample = { time: this.#options.clock(), instances };
    if (this.#last) {
      const done = throughputBetween(this.#last, sample);
      this.#throughput = [...this.#throughput, done].slice(-throughputMax);
    }
    this.#last = sample;
    return sample;
  }
}

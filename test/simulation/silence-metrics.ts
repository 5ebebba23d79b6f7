import { Counter, Gauge, Histogram } from 'prom-client';

/** Nobody reads the metrics of a simulation, and they would cost as much as the broker does. */
export function silenceMetrics(): void {
  const nothing = () => {};
  Object.assign(Counter.prototype, { inc: nothing });
  Object.assign(Gauge.prototype, { inc: nothing, dec: nothing, set: nothing });
  Object.assign(Histogram.prototype, { observe: nothing });
}

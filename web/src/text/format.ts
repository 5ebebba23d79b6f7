import { formatMoney } from '#sdk/src/money.ts';
import type { Money } from '#sdk/src/index.ts';

export interface Format {
  money(amount: Money): string;
  /** With its sign, as in a statement: +10.00, −2.50. */
  change(amount: Money): string;
  /** Date and time, to the minute. */
  moment(time: Date): string;
  /** Time of the day, to the second. */
  clock(time: Date): string;
  /** Time of the day, to the millisecond. */
  exactly(time: Date): string;
  /** How long ago: “2 minutes ago”. */
  ago(time: Date, now: number): string;
  /** A short time: “12 ms”, “3.4 s”. */
  duration(ms: number): string;
  number(value: number): string;
}

const steps: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** Everything that is written as a region writes it. */
export function formatOf(locale: string): Format {
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  const exactly = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const number = new Intl.NumberFormat(locale);
  const unit = (name: string, digits: number) =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    });
  const [milliseconds, seconds, minutes] = [
    unit('millisecond', 0),
    unit('second', 1),
    unit('minute', 0),
  ];
  return {
    money: (amount) => formatMoney(amount, locale),
    change: (amount) => formatMoney(amount, locale, { signDisplay: 'exceptZero' }),
    moment: (time) => moment.format(time),
    clock: (time) => clock.format(time),
    exactly: (time) => exactly.format(time),
    ago: (time, now) => {
      const passedMs = Math.max(0, now - time.getTime());
      const [name, ms] = steps.find(([, length]) => passedMs >= length) ?? ['second', 1_000];
      return relative.format(-Math.floor(passedMs / ms), name);
    },
    duration: (ms) => {
      if (ms < 1_000) return milliseconds.format(ms);
      return ms < 120_000 ? seconds.format(ms / 1_000) : minutes.format(ms / 60_000);
    },
    number: (value) => number.format(value),
  };
}

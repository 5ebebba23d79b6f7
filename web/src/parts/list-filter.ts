// What lists are asked for, in the filter language of the API (AIP-160).

export interface ListFilter {
  /** Value of the field that the list is narrowed to; empty for all. */
  value: string;
  /** Days in the user's time zone, '2026-01-31', both inclusive; empty for no bound. */
  from: string;
  until: string;
}

export const noFilter: ListFilter = { value: '', from: '', until: '' };

export function isNarrowed({ value, from, until }: ListFilter): boolean {
  return value !== '' || from !== '' || until !== '';
}

/** The filter as the API takes it: `state=PAID AND create_time>="2026-01-30T23:00:00.000Z"`. */
export function filterText(field: 'state' | 'kind', { value, from, until }: ListFilter): string {
  const terms = [
    value === '' ? undefined : `${field}=${value}`,
    timeTerm('>=', dayStart(from, 0)),
    // Until the end of the day: before the next one begins.
    timeTerm('<', dayStart(until, 1)),
  ];
  return terms.filter((term) => term !== undefined).join(' AND ');
}

function timeTerm(operator: string, time: Date | undefined): string | undefined {
  return time === undefined ? undefined : `create_time${operator}"${time.toISOString()}"`;
}

function dayStart(day: string, daysLater: number): Date | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (match === null) return undefined;
  const [year, month, date] = match.slice(1).map(Number) as [number, number, number];
  // By the calendar, not by 24 hours: clocks change in some nights.
  const time = new Date(year, month - 1, date + daysLater);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

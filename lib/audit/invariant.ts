/** Something that is true of the data at every moment, whatever died when. */
export interface Invariant {
  /** `I5`; numbers are never used again for something else. */
  id: string;
  /** One sentence. */
  says: string;
  /** What is counted, plural: `accounts`. */
  unit: string;
  /** What a row that breaks it means. */
  means: string;
  /** What to do about it. */
  repair: string;
}

/**
 * An invariant over the tables of one service, which owns the SQL. All of a service's statements
 * see one snapshot, and what belongs together is committed together, so a row that breaks one is
 * broken: it cannot be half-way. Where time decides, `graceSql` is what the auditor allows.
 */
export interface TableInvariant extends Invariant {
  /** Gives one number: how many were checked. */
  checked: string;
  /** Gives the rows that break it. */
  broken: string;
  /** Gives one number: how many are on their way, and not counted as broken. */
  inFlight?: string;
}

/** How long something may be on its way, as SQL; the auditor sets it in the session. */
export const graceSql = "current_setting('purser.grace')::interval";

/** What the doctor says about one thing. */
export interface Finding {
  level: 'ok' | 'warning' | 'problem';
  /** What was found, and for all but `ok` what to do about it. */
  sentence: string;
}

export const ok = (sentence: string): Finding => ({ level: 'ok', sentence });
export const warning = (sentence: string): Finding => ({ level: 'warning', sentence });
export const problem = (sentence: string): Finding => ({ level: 'problem', sentence });

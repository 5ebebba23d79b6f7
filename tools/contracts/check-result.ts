/** What a check of the contracts found. */
export interface CheckResult {
  name: string;
  ok: boolean;
  /** What is wrong, or in a sentence why there was nothing to check; '' when all is well. */
  detail: string;
}

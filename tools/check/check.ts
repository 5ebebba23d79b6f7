export interface Verdict {
  ok: boolean;
  /** What is wrong, or why there was nothing to check; '' when all is well. */
  detail: string;
}

/** Something that `npm test` proves besides the tests. */
export interface Check {
  /** Shown in the list: `types` */
  name: string;
  run(): Promise<Verdict>;
}
